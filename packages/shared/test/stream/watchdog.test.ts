import { expect, it } from 'vitest';
import { createWatchdog } from '../../src/stream/watchdog.js';

it('barks when nothing has ticked for its limit, and is content again after a tick', () => {
  let nowMs = 1000;
  const watchdog = createWatchdog({ limitMs: 60_000, now: () => nowMs });
  nowMs += 59_999;
  expect(watchdog.healthy()).toBe(true);
  nowMs += 1;
  expect(watchdog.healthy()).toBe(false);
  expect(watchdog.sinceTickMs()).toBe(60_000);
  watchdog.tick();
  expect(watchdog.healthy()).toBe(true);
});
