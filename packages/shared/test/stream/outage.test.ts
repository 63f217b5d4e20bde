import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import { ABANDONED, createPatience } from '../../src/stream/outage.js';

const down = (code: 'CACHE_UNAVAILABLE' | 'BROKER_UNAVAILABLE' = 'CACHE_UNAVAILABLE') => new LabelstreamError(code, 'down');
const patiently = new AbortController().signal;

function setUp() {
  const lines: { msg: string; code: string }[] = [];
  const retries: string[] = [];
  const patience = createPatience({
    log: pino({}, { write: (line) => lines.push(JSON.parse(line)) }),
    backoff: { baseMs: 1, maxMs: 2 },
    now: Date.now,
    random: () => 0.5,
    onRetry: (code) => retries.push(code),
  });
  return { patience, retries, logged: () => lines.map(({ msg, code }) => `${code} ${msg}`) };
}

/** Fails `times` times, then succeeds. */
function failing(times: number, error: () => Error = down) {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw error();
    return calls;
  };
}

describe('createPatience', () => {
  it('tries again until it works', async () => {
    const { patience, retries } = setUp();
    expect(await patience.untilUp(failing(5), patiently)).toBe(6);
    expect(retries).toEqual(Array(5).fill('CACHE_UNAVAILABLE'));
  });

  it('logs an outage once at its beginning and once at its end, however many calls wait for it', async () => {
    const { patience, logged } = setUp();
    await Promise.all([patience.untilUp(failing(3), patiently), patience.untilUp(failing(9), patiently)]);
    expect(logged()).toEqual(['CACHE_UNAVAILABLE outage: waiting for it to end', 'CACHE_UNAVAILABLE outage: over']);
  });

  it('tells what is down while it is', async () => {
    const { patience } = setUp();
    const seen: string[][] = [];
    const operation = failing(2);
    await patience.untilUp(() => {
      seen.push(patience.outages());
      return operation();
    }, patiently);
    expect(seen).toEqual([[], ['CACHE_UNAVAILABLE'], ['CACHE_UNAVAILABLE']]);
    expect(patience.outages()).toEqual([]);
  });

  it('follows an outage that becomes another one', async () => {
    const { patience, logged } = setUp();
    const errors = [down(), down('BROKER_UNAVAILABLE')];
    await patience.untilUp(async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
    }, patiently);
    expect(logged()).toEqual([
      'CACHE_UNAVAILABLE outage: waiting for it to end',
      'CACHE_UNAVAILABLE outage: became another one',
      'BROKER_UNAVAILABLE outage: waiting for it to end',
      'BROKER_UNAVAILABLE outage: over',
    ]);
  });

  it('throws at once what waiting cannot help, and is not down any more then', async () => {
    const { patience, retries } = setUp();
    await expect(
      patience.untilUp(
        failing(1, () => new TypeError('bug')),
        patiently,
      ),
    ).rejects.toThrow('bug');
    await expect(
      patience.untilUp(
        failing(1, () => new LabelstreamError('EVENT_INVALID', 'bad')),
        patiently,
      ),
    ).rejects.toThrow('bad');
    expect(retries).toEqual([]);
    const errors = [down(), new TypeError('bug')];
    await expect(patience.untilUp(() => Promise.reject(errors.shift()), patiently)).rejects.toThrow('bug');
    expect(patience.outages()).toEqual([]);
  });

  it('gives up an outage when told to, also in the middle of a wait', async () => {
    const stop = new AbortController();
    const patience = createPatience({
      log: pino({ level: 'silent' }),
      backoff: { baseMs: 60_000, maxMs: 60_000 },
      now: Date.now,
      random: () => 0.9,
      onRetry: () => setTimeout(() => stop.abort(), 1),
    });
    const call = patience.untilUp(failing(1), stop.signal);
    await Promise.resolve();
    await Promise.resolve();
    expect(patience.isBackingOff()).toBe(true);
    expect(await call).toBe(ABANDONED);
    expect([patience.outages(), patience.isBackingOff()]).toEqual([[], false]);
  });

  it('lets an operation that works finish even when told to give up', async () => {
    const { patience } = setUp();
    expect(await patience.untilUp(failing(0), AbortSignal.abort())).toBe(1);
  });
});
