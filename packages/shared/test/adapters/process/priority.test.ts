import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const built = new URL('../../../dist/adapters/process/priority.js', import.meta.url).href;

/** What nice(1) says of a process that has stepped back, and of a thread that it has made afterwards. */
async function prioritiesAfter(nice: number): Promise<number[]> {
  const script = `
    import { getPriority } from 'node:os';
    import { Worker } from 'node:worker_threads';
    import { lowerPriority } from ${JSON.stringify(built)};
    lowerPriority(${nice}, { warn: (...words) => console.error(...words) });
    const tell = "import os from 'node:os'; import { parentPort } from 'node:worker_threads'; parentPort.postMessage(os.getPriority())";
    new Worker(tell, { eval: true }).once('message', (ofThread) => console.log(JSON.stringify([getPriority(), ofThread])));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout) as number[];
}

test('a process steps back with all its later threads, and stays as it is without being told to', async () => {
  const [before = 0] = await prioritiesAfter(0);
  expect(await prioritiesAfter(0)).toEqual([before, before]);
  expect(await prioritiesAfter(19)).toEqual([19, 19]);
});
