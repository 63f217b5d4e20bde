import { describe, expect, test, vi } from 'vitest';
import type { BackfillLoad, BatchTime, SimulationSpec, StageModel } from '../../../src/capacity/simulation/model.js';
import { simulate } from '../../../src/capacity/simulation/simulate.js';

// Thousands of listings a second of computing time, but not on a machine that has much else to do.
vi.setConfig({ testTimeout: 120_000 });

const MINUTE_MS = 60_000;
const NO_TIME: BatchTime = { fixedMs: 0, perListingMs: 0, spread: 0, waitMs: 0, carryOutMs: 0, fetchMs: 0 };

/** One stage that takes one listing after the other, as in the textbook. */
function station(time: Partial<BatchTime>, rest: Partial<StageModel> = {}): StageModel {
  return {
    name: 'station',
    instances: 1,
    delivery: 'at-least-once',
    policy: { maxSize: 1, maxAgeMs: 0, backfillShare: 0, backfillBatchMs: 0 },
    maxInFlight: 1,
    time: { ...NO_TIME, ...time },
    ...rest,
  };
}

function run(stages: readonly StageModel[], rest: Partial<SimulationSpec> = {}) {
  const off: BackfillLoad = { kind: 'off' };
  return simulate({
    stages,
    partitions: 1,
    livePerSecond: 0,
    backfill: off,
    durationMs: 60 * MINUTE_MS,
    warmUpMs: MINUTE_MS,
    seed: 1,
    ...rest,
  });
}

/** The mean latency lies in its own confidence interval around what theory says, and the interval is narrow enough to mean something. */
function expectMean({ live }: ReturnType<typeof run>, theoryMs: number): void {
  const { mean, halfWidth } = live.meanMs ?? { mean: Number.NaN, halfWidth: Number.NaN };
  expect(halfWidth).toBeLessThan(theoryMs * 0.1);
  expect(Math.abs(mean - theoryMs)).toBeLessThanOrEqual(halfWidth);
}

const SERVICE_MS = 10;

describe('queueing theory', () => {
  test.each([0.3, 0.6, 0.8])('M/M/1 at load %s: service ÷ (1 − load)', (load) => {
    const result = run([station({ perListingMs: SERVICE_MS, spread: 1 })], { livePerSecond: (load * 1000) / SERVICE_MS });
    expectMean(result, SERVICE_MS / (1 - load));
    expect(result.stages[0]?.utilisation).toBeCloseTo(load, 1);
  });

  test.each([0.3, 0.6, 0.8])('M/D/1 at load %s: service + load × service ÷ 2 (1 − load)', (load) => {
    const result = run([station({ perListingMs: SERVICE_MS })], { livePerSecond: (load * 1000) / SERVICE_MS });
    expectMean(result, SERVICE_MS + (load * SERVICE_MS) / (2 * (1 - load)));
  });

  test('M/G/1 with half the spread of M/M/1: the formula of Pollaczek and Khinchine', () => {
    const [load, spread] = [0.7, 0.5];
    const result = run([station({ perListingMs: SERVICE_MS, spread })], { livePerSecond: (load * 1000) / SERVICE_MS });
    expectMean(result, SERVICE_MS + (load * SERVICE_MS * (1 + spread ** 2)) / (2 * (1 - load)));
  });

  test('two M/M/1 in a row: each as if it were alone (Burke)', () => {
    const stage = station({ perListingMs: SERVICE_MS, spread: 1 });
    const result = run([stage, { ...stage, time: { ...stage.time, perListingMs: 5 } }], { livePerSecond: 60 });
    expectMean(result, SERVICE_MS / (1 - 0.6) + 5 / (1 - 0.3));
  });

  test('instances share the partitions: each is an M/M/1 of its own', () => {
    const stage = station({ perListingMs: SERVICE_MS, spread: 1 }, { instances: 4 });
    const result = run([stage], { livePerSecond: 240, partitions: 8, durationMs: 30 * MINUTE_MS });
    expectMean(result, SERVICE_MS / (1 - 0.6));
  });

  test("Little's law: listings under way = rate × latency", () => {
    const batching = station(
      { fixedMs: 20, perListingMs: 4, spread: 0.3, waitMs: 3, carryOutMs: 2, fetchMs: 1 },
      { policy: { maxSize: 16, maxAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 0 }, maxInFlight: 2 },
    );
    const { live } = run([batching, batching], { livePerSecond: 100, durationMs: 20 * MINUTE_MS });
    expect(live.meanUnderWay / ((live.perSecond * (live.meanMs?.mean ?? 0)) / 1000)).toBeCloseTo(1, 2);
  });
});

describe('work', () => {
  const window = 500;

  test('is conserved: a saturated stage never rests, and the backfill gets all that live leaves', () => {
    const result = run([station({ perListingMs: SERVICE_MS, spread: 0.4 })], {
      livePerSecond: 30,
      backfill: { kind: 'saturating', window },
      durationMs: 20 * MINUTE_MS,
    });
    expect(result.stages[0]?.utilisation).toBeCloseTo(1, 6);
    expect((result.live.perSecond + result.backfill.perSecond) / 100).toBeCloseTo(1, 2);
    expect(result.backfill.meanUnderWay).toBeCloseTo(window, 6);
  });

  test('has the size that was put in: utilisation = rate × service, at every stage and in every delivery', () => {
    const policy = { maxSize: 8, maxAgeMs: 10, backfillShare: 0.05, backfillBatchMs: 0 };
    const stages = [
      station({ perListingMs: 2 }, { policy, maxInFlight: 2 }),
      station({ perListingMs: 3, waitMs: 15, carryOutMs: 5 }, { policy, delivery: 'transactional' }),
    ];
    const result = run(stages, { livePerSecond: 100, partitions: 4, durationMs: 20 * MINUTE_MS });
    expect(result.stages[0]?.utilisation).toBeCloseTo(0.2, 1);
    expect(result.stages[1]?.utilisation).toBeCloseTo(0.3, 1);
    expect(result.stages.map(({ perSecond }) => Math.round(perSecond / 10))).toEqual([10, 10]);
  });

  test('of a partition whose transactions do not overlap is bounded by their length, and partitions add up', () => {
    const stage = station(
      { waitMs: 20, carryOutMs: 20, perListingMs: 0.01 },
      { delivery: 'transactional', policy: { maxSize: 10, maxAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 0 } },
    );
    const rateOf = (partitions: number) =>
      run([stage], { partitions, backfill: { kind: 'saturating', window: 2000 }, durationMs: MINUTE_MS }).backfill.perSecond;
    expect(rateOf(1) / (10 / 0.0401)).toBeCloseTo(1, 1);
    expect(rateOf(4) / rateOf(1)).toBeCloseTo(4, 1);
  });
});

describe('lanes', () => {
  test('a saturating backfill costs live the rest of one service and no more: (service ÷ 2) ÷ (1 − load), preempted at borders only', () => {
    const load = 0.4;
    const stage = station({ perListingMs: SERVICE_MS });
    const result = run([stage], { livePerSecond: (load * 1000) / SERVICE_MS, backfill: { kind: 'saturating', window: 50 } });
    expectMean(result, SERVICE_MS + SERVICE_MS / 2 / (1 - load));
  });

  test('live gets all it needs from a saturated stage', () => {
    const stage = station(
      { perListingMs: 5 },
      { policy: { maxSize: 8, maxAgeMs: 20, backfillShare: 0, backfillBatchMs: 0 }, maxInFlight: 2 },
    );
    const result = run([stage], { livePerSecond: 120, backfill: { kind: 'saturating', window: 500 }, durationMs: 30 * MINUTE_MS });
    expect(result.live.perSecond / 120).toBeCloseTo(1, 1);
    expect((result.live.perSecond + result.backfill.perSecond) / 200).toBeCloseTo(1, 1);
  });

  test('the trickle is kept where live alone would fill every batch', () => {
    const stage = station({ perListingMs: 5 }, { policy: { maxSize: 8, maxAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 0 } });
    const result = run([stage], { livePerSecond: 400, backfill: { kind: 'saturating', window: 500 }, durationMs: 2 * MINUTE_MS });
    expect(result.backfill.perSecond / (result.live.perSecond + result.backfill.perSecond)).toBeCloseTo(0.05, 2);
  });

  test('a larger batch makes a backfill dearer for live', () => {
    const p99Of = (maxSize: number) =>
      run([station({ perListingMs: 5 }, { policy: { maxSize, maxAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 0 }, maxInFlight: 2 })], {
        livePerSecond: 20,
        backfill: { kind: 'saturating', window: 500 },
        durationMs: 10 * MINUTE_MS,
      }).live.p99Ms;
    expect(p99Of(32)).toBeGreaterThan(2 * (p99Of(8) ?? Number.NaN));
  });
});

test('a seed gives the same result again, another seed another one', () => {
  const stage = station({ perListingMs: SERVICE_MS, spread: 0.5 });
  const rest = { livePerSecond: 50, durationMs: MINUTE_MS, backfill: { kind: 'rate', perSecond: 20 } } as const;
  const once = run([stage], { ...rest, seed: 11 });
  expect(run([stage], { ...rest, seed: 11 })).toEqual(once);
  expect(run([stage], { ...rest, seed: 12 })).not.toEqual(once);
});
