import { describe, expect, test } from 'vitest';
import { FIGURES } from '../../../src/capacity/figures.js';
import { DEFAULT_PRICES, planInputs } from '../../../src/capacity/plan/inputs.js';
import { makePlan } from '../../../src/capacity/plan/plan.js';

const plan = (given: Partial<Parameters<typeof planInputs>[0]> = {}) => makePlan(planInputs({ listings: 1e8, ...given }));

describe('what was not given', () => {
  test('follows from the size of the catalogue', () => {
    expect(planInputs({ listings: 1e8 })).toMatchObject({ changesPerDay: 1e6, livePerSecond: 35, prices: DEFAULT_PRICES });
    expect(planInputs({ listings: 10 }).livePerSecond).toBe(1);
  });

  test('is not touched where it was given', () => {
    const inputs = planInputs({ listings: 1e8, changesPerDay: 5, livePerSecond: 600, prices: { coreHour: 1 } });
    expect(inputs).toMatchObject({ changesPerDay: 5, livePerSecond: 600, prices: { ...DEFAULT_PRICES, coreHour: 1 } });
  });
});

describe('instances', () => {
  test('carry the planned rates at the planned utilisation, and one less would not', () => {
    const { stages, inputs } = plan({ livePerSecond: 600 });
    const rate = inputs.listings / (inputs.backfillDays * 86_400) + 600;
    for (const { stage, live, backfill } of stages) {
      const capacity = (instances: number) => (instances * inputs.utilisation * 1000) / FIGURES.cpuMs[stage].value;
      expect(capacity(live)).toBeGreaterThanOrEqual(600);
      expect(capacity(live - 1)).toBeLessThan(600);
      expect(capacity(live + backfill)).toBeGreaterThanOrEqual(rate);
      expect(capacity(live + backfill - 1)).toBeLessThan(rate);
    }
  });

  test('are at least one of each stage, and never more than there are partitions, or it is said', () => {
    const small = plan({ listings: 1000 });
    expect(small.stages.map(({ live }) => live)).toEqual([1, 1, 1, 1]);
    expect(small.partitions).toBe(6);
    const large = plan({ listings: 3e9 });
    expect(large.isBeyondOneDeployment).toBe(false);
    expect(large.partitions).toBeGreaterThanOrEqual(2 * Math.max(...large.stages.map(({ live, backfill }) => live + backfill)));
    expect(plan({ listings: 3e11 })).toMatchObject({ isBeyondOneDeployment: true, partitions: 1024 });
  });
});

describe('bytes', () => {
  test('of the state and the archive grow with the catalogue, of the live stream with its changes', () => {
    const [one, ten] = [plan({ listings: 1e7, changesPerDay: 1e5 }), plan({ listings: 1e8, changesPerDay: 1e5 })];
    expect(ten.redis.stateBytes / one.redis.stateBytes).toBeCloseTo(10);
    expect(ten.archive.bytes / one.archive.bytes).toBeCloseTo(10);
    expect(ten.kafka.labelBytes / one.kafka.labelBytes).toBeCloseTo(10);
    expect(ten.kafka.liveBytes).toBe(one.kafka.liveBytes);
    expect(ten.archive.objects * FIGURES.archiveObjectBytes.value).toBeGreaterThanOrEqual(ten.archive.bytes);
  });

  test('under way are less than those of a full life in the cache', () => {
    const { redis } = plan();
    expect(redis.cacheUnderWayBytes).toBeLessThan(redis.cacheFullLifeBytes);
  });

  test('of a short backfill are held until it ends, of a long one for as long as the topics keep them', () => {
    const held = (backfillDays: number) => plan({ backfillDays }).kafka.backfillBytes;
    expect(held(0.5)).toBeCloseTo(held(1), -3);
    expect(held(14)).toBeLessThan(held(7));
  });
});

describe('work', () => {
  test('is instance hours × utilisation = processor time, whatever the instances', () => {
    const { backfill, inputs } = plan();
    const cpuHours = (inputs.listings * Object.values(FIGURES.cpuMs).reduce((sum, { value }) => sum + value, 0)) / 3.6e6;
    expect(backfill.instanceHours * inputs.utilisation).toBeCloseTo(cpuHours, 3);
    expect(backfill.cost).toBeCloseTo(backfill.instanceHours * DEFAULT_PRICES.coreHour, 3);
    expect(backfill.hours * 3600 * backfill.listingsPerSecond).toBeCloseTo(inputs.listings, -2);
  });

  test('of a re-label is without ingest and encoder', () => {
    const { backfill, relabel } = plan();
    const { ingest, encoder, fusion, sink } = FIGURES.cpuMs;
    const all = ingest.value + encoder.value + fusion.value + sink.value;
    expect(backfill.instanceHours / relabel.instanceHours).toBeCloseTo(all / (fusion.value + sink.value), 6);
  });

  test('of the whole catalogue is done in the days that were asked for', () => {
    for (const listings of [1e7, 1e8, 3e9]) expect(plan({ listings }).backfill.hours / 24).toBeLessThanOrEqual(7);
  });
});
