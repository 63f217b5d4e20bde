// The thread that ends a process whose event loop is blocked. Plain JavaScript, so that the same file is started from the sources (tests)
// and from dist.
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';

/** @type {{ beats: Int32Array<SharedArrayBuffer>, beatMs: number, maxMissed: number, name: string, limitMs: number }} */
const { beats, beatMs, maxMissed, name, limitMs } = workerData;

let last = Atomics.load(beats, 0);
let missed = 0;

function end() {
  const msg = 'the event loop is blocked: this process is killed, so that it is started again';
  const line = { level: 'fatal', time: new Date().toISOString(), pid: process.pid, name, limitMs, msg };
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } finally {
    process.kill(process.pid, 'SIGKILL');
  }
}

// Counts its own turns rather than the clock: after a suspension of the machine, or SIGSTOP, the loop gets its full time again.
setInterval(() => {
  const now = Atomics.load(beats, 0);
  missed = now === last ? missed + 1 : 0;
  last = now;
  if (missed >= maxMissed) end();
}, beatMs);
