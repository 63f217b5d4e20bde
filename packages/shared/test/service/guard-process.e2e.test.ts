import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { sleep } from '../../src/stream/wake-up.js';
import { until } from '../stream/harness.js';

const child = fileURLToPath(new URL('./stalling-process.mjs', import.meta.url));
let running: ChildProcess | undefined;

afterEach(() => {
  running?.kill('SIGKILL');
});

/** A process that behaves as told, with a watchdog of one second and a second of grace. */
function start(behaviour: 'hang' | 'block' | 'outage' | 'well') {
  const env = { ...process.env, WATCHDOG_MS: '1000', WATCHDOG_GRACE_MS: '1000', SHUTDOWN_DEADLINE_MS: '1000' };
  const started = spawn(process.execPath, [child, behaviour], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  running = started;
  let output = '';
  started.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const lines = () =>
    output
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  const ended = once(started, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return { started, ended, lines, isAtWork: () => output.includes('"at work"') };
}

it('a process whose work hangs ends with exit code 3, and its last line says why', async () => {
  const { ended, lines } = start('hang');
  expect(await ended).toEqual([3, null]);
  expect(lines().at(-1)).toBe('stalled for too long: this process ends, so that it is started again');
});

it('a process whose event loop is blocked is killed, and its last line says why', async () => {
  const { ended, lines } = start('block');
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(lines().at(-1)).toBe('the event loop is blocked: this process is killed, so that it is started again');
});

it.each(['outage', 'well'] as const)(
  'a process that waits for an outage to end, or that is well, goes on until it is told to stop (%s)',
  async (behaviour) => {
    const { started, ended, isAtWork } = start(behaviour);
    await until(isAtWork, 30_000);
    await sleep(6000);
    expect([started.exitCode, started.signalCode]).toEqual([null, null]);
    started.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
);

it('a process that was frozen as a whole for longer than both times is not ended for it', async () => {
  const { started, ended, isAtWork } = start('well');
  await until(isAtWork, 30_000);
  started.kill('SIGSTOP');
  await sleep(5000);
  started.kill('SIGCONT');
  await sleep(3000);
  expect([started.exitCode, started.signalCode]).toEqual([null, null]);
  started.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
