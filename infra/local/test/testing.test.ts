import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { processIdentity } from '../src/adapters/process.js';
import { startServices } from '../src/services.js';
import { createTestFolder, removeTestFolder } from '../src/testing.js';

const idle = { name: 'idle', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], env: {} };

it('ends what a killed test run left, and nothing of a run that goes on', async () => {
  const abandoned = await createTestFolder();
  const current = await createTestFolder();
  const [lost] = await startServices([idle], abandoned);
  const [ours] = await startServices([idle], current);
  await writeFile(join(abandoned, 'owner.json'), JSON.stringify({ pid: process.pid, identity: 'a process that was killed' }));

  const next = await createTestFolder();
  expect(existsSync(abandoned)).toBe(false);
  expect(await processIdentity(lost!.pid)).toBeNull();
  expect(await processIdentity(ours!.pid)).not.toBeNull();

  for (const folder of [current, next]) await removeTestFolder(folder);
  expect(await processIdentity(ours!.pid)).toBeNull();
});
