import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startLoopGuard } from '../../../src/adapters/process/loop-guard.js';
import { sleep } from '../../../src/stream/wake-up.js';

// What it does to a blocked loop is seen in test/service/guard-process.e2e.test.ts, by the process that it kills.
it('lets a process live whose event loop turns, and ends with it', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const guard = startLoopGuard({ name: 'test', limitMs: 20_000, beatMs: 5, log });
  await sleep(300);
  guard.close();
  await sleep(50);
  expect(lines).toEqual([]);
});
