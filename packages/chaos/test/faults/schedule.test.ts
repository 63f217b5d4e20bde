import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../../src/faults/kinds.js';
import { planFaults } from '../../src/faults/schedule.js';

const minutes = (count: number) => count * 60_000;

test('ten minutes have more than 40 faults, every kind among them, whatever the seed', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const plan = planFaults({ seed, durationMs: minutes(10), kinds: FAULT_KINDS });
    expect(plan.length).toBeGreaterThan(40);
    expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  }
});

test('four minutes have every kind', () => {
  const plan = planFaults({ seed: 1, durationMs: minutes(4), kinds: FAULT_KINDS });
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
});

test('the seed decides what happens and when', () => {
  const options = { durationMs: minutes(2), kinds: FAULT_KINDS };
  expect(planFaults({ ...options, seed: 5 })).toEqual(planFaults({ ...options, seed: 5 }));
  expect(planFaults({ ...options, seed: 5 })).not.toEqual(planFaults({ ...options, seed: 6 }));
});

test('only the kinds that are asked for, in order of time, and none in the last seconds', () => {
  const plan = planFaults({ seed: 2, durationMs: minutes(1), kinds: ['cache-flush', 'kafka-kill'] });
  const times = plan.map(({ atMs }) => atMs);
  expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(['cache-flush', 'kafka-kill']));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(Math.max(...times)).toBeLessThan(minutes(1) - 3_000);
});
