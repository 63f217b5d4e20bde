import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeReadyFile, writeReadyFile } from '../../src/observability/ready-file.js';

it('writes the ready line into a folder that need not exist, leaves nothing else behind, and takes it away again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'labelstream-ready-'));
  const path = join(folder, 'ready', 'fusion.json');
  await writeReadyFile(path, { name: 'fusion', pid: 42, port: 8080 });
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ name: 'fusion', pid: 42, port: 8080 });
  expect(await readdir(join(folder, 'ready'))).toEqual(['fusion.json']);
  await removeReadyFile(path);
  await removeReadyFile(path);
  expect(await readdir(join(folder, 'ready'))).toEqual([]);
  await rm(folder, { recursive: true });
});
