import { expect, test } from 'vitest';
import { createRecoveryWatch, quantile } from '../../src/faults/recovery.js';

const fault = (kind: 'kafka-kill' | 'cache-flush', releasedAtMs: number) => ({
  kind,
  target: '',
  startedAtMs: releasedAtMs - 1000,
  releasedAtMs,
});

test('a fault is got over at the first calm moment after its end', () => {
  const watch = createRecoveryWatch(10);
  watch.released(fault('kafka-kill', 5000));
  watch.measured(6000, null);
  watch.measured(7000, 50);
  watch.measured(9000, 10);
  watch.measured(20_000, 0);
  expect(watch.byKind()).toEqual({ 'kafka-kill': { p50Seconds: 4, p95Seconds: 4 } });
});

test('a measurement that began before the end says nothing', () => {
  const watch = createRecoveryWatch(10);
  watch.released(fault('kafka-kill', 5000));
  watch.measured(4900, 0);
  expect(watch.byKind()).toEqual({});
});

test('each kind has its own times', () => {
  const watch = createRecoveryWatch(0);
  for (const [at, seconds] of [
    [0, 1],
    [10_000, 2],
    [20_000, 9],
  ] as const) {
    watch.released(fault('cache-flush', at));
    watch.measured(at + seconds * 1000, 0);
  }
  expect(watch.byKind()).toEqual({ 'cache-flush': { p50Seconds: 2, p95Seconds: 9 } });
});

test('quantiles are values that occurred', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([3, 1, 2], 0.95)).toBe(3);
  expect(quantile([], 0.5)).toBe(0);
});
