import { describe, expect, it } from 'vitest';
import { createWakeUp, settlesWithin, sleep } from '../../src/stream/wake-up.js';

const FOR_EVER_MS = 60_000;
const never = new Promise<void>(() => {});

describe('createWakeUp', () => {
  it('remembers a ring that nobody was waiting for', async () => {
    const bell = createWakeUp();
    bell.ring();
    await bell.wait(FOR_EVER_MS);
    expect(await settlesWithin(bell.wait(FOR_EVER_MS), 5)).toBe(false);
    bell.ring();
  });

  it('wakes who waits', async () => {
    const bell = createWakeUp();
    const waiting = bell.wait(FOR_EVER_MS);
    bell.ring();
    await waiting;
  });

  it('ends by itself', async () => {
    await createWakeUp().wait(1);
  });

  it('ends the first wait when a second begins', async () => {
    const bell = createWakeUp();
    const first = bell.wait(FOR_EVER_MS);
    const second = bell.wait(FOR_EVER_MS);
    await first;
    bell.ring();
    await second;
  });
});

describe('sleep', () => {
  it('ends early when told to, before or during', async () => {
    const stop = new AbortController();
    const sleeping = sleep(FOR_EVER_MS, stop.signal);
    stop.abort();
    await sleeping;
    await sleep(FOR_EVER_MS, stop.signal);
  });
});

describe('settlesWithin', () => {
  it('tells whether work ended in time, however it ended', async () => {
    expect(await settlesWithin(Promise.resolve(), 1000)).toBe(true);
    expect(await settlesWithin(Promise.reject(new Error('no')), 1000)).toBe(true);
    expect(await settlesWithin(never, 1)).toBe(false);
  });
});
