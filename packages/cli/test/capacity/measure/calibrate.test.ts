import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { expect, test } from 'vitest';
import { calibrate } from '../../../src/capacity/measure/calibrate.js';
import type { StageCounters } from '../../../src/capacity/measure/counters.js';
import type { LaneSeen, Phase } from '../../../src/capacity/measure/phases.js';

const NOTHING: LaneSeen = { listings: 0, perSecond: 0, p50Ms: null, p99Ms: null, meanMs: null };

function phase(meanMs: number, counters: Partial<Record<StageName, StageCounters>>): Phase {
  const none: StageCounters = { batches: 0, listings: 0, processSeconds: 0, carryOutSeconds: 0, runSeconds: 0, cpuSeconds: 0 };
  const stages = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, counters[stage] ?? none])) as Record<StageName, StageCounters>;
  const load = { name: 'any', livePerSecond: 1, hasBackfill: false, settleSeconds: 0, seconds: 10 };
  return { load, seconds: 10, live: { ...NOTHING, meanMs }, backfill: NOTHING, stages };
}

/** Ten batches of one listing: 2 ms of waiting before 6 ms of work, then 3 ms to be durable. */
const REST = { batches: 10, listings: 10, processSeconds: 0.08, carryOutSeconds: 0.03, runSeconds: 0.06, cpuSeconds: 0.2 };
const FULL = { batches: 10, listings: 320, processSeconds: 3, carryOutSeconds: 0.05, runSeconds: 1.6, cpuSeconds: 2 };

test('of a stage with a model the work is the run of the phase, the waiting that of a lone listing', () => {
  const { encoder } = calibrate(phase(61, { encoder: REST }), phase(0, { encoder: FULL }));
  expect(encoder.perListingMs).toBeCloseTo(5);
  expect(encoder.waitMs).toBeCloseTo(2);
  expect(encoder.carryOutMs).toBeCloseTo(5);
  expect(encoder.fixedMs).toBe(0);
});

test('of a stage without one the work is processor time', () => {
  const sink = (counters: StageCounters) => ({ sink: { ...counters, runSeconds: 0 } });
  const times = calibrate(phase(61, sink({ ...REST, cpuSeconds: 0.05 })), phase(0, sink(FULL)));
  expect(times.sink.perListingMs).toBeCloseTo(6.25);
  expect(times.sink.waitMs).toBeCloseTo(3);
});

test('what is in no stage at rest lies between them, two hops behind the first for the one before it', () => {
  const times = calibrate(phase(61, { encoder: REST }), phase(0, { encoder: FULL }));
  expect(STAGE_NAMES.map((stage) => times[stage].fetchMs)).toEqual([20, 10, 10, 10]);
});

test('nothing seen is no time, never NaN', () => {
  const times = calibrate(phase(0, {}), phase(0, {}));
  expect(Object.values(times.fusion).every(Number.isFinite)).toBe(true);
});
