import type { Backfill } from '@labelstream/backfill/job/backfill';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../src/backfill/estimate.js';
import { FIGURES } from '../../src/capacity/figures.js';
import { planInputs } from '../../src/capacity/plan/inputs.js';
import { makePlan } from '../../src/capacity/plan/plan.js';

/** Done in a hundred seconds. */
const done = (rowsSent: number, over: Partial<Backfill> = {}): Backfill => ({
  name: 'before',
  id: 'x',
  from: 'listings',
  spec: null,
  priority: 50,
  maxErrors: 100,
  state: 'done',
  planComplete: true,
  createdAtMs: 0,
  startedAtMs: 50_000,
  endedAtMs: 150_000,
  counts: {
    rangesPlanned: 1,
    rangesDone: 1,
    rangesFailed: 0,
    rangesOpen: 0,
    rangesPending: 0,
    rowsEstimated: rowsSent,
    rowsRead: rowsSent,
    rowsSent,
    rowErrors: 0,
  },
  ...over,
});

describe('what a backfill is estimated to take', () => {
  it('costs what the plan of a catalogue of its size says', () => {
    const plan = makePlan(planInputs({ listings: 1e6 }));
    expect(estimate({ from: 'listings' }, 1e6, [])).toMatchObject({
      coreHours: plan.backfill.instanceHours,
      cost: plan.backfill.cost,
      coreHourPrice: 0.05,
    });
    expect(estimate({ from: 'tokens' }, 1e6, [])).toMatchObject({ coreHours: plan.relabel.instanceHours, cost: plan.relabel.cost });
  });

  it('takes as long as the slowest of the stages that it passes, where nothing was seen here yet', () => {
    const { encoder, fusion, sink } = FIGURES.cpuMs;
    const whole = estimate({ from: 'topic' }, 1000, [])!;
    expect(whole).toMatchObject({ speedFrom: 'figures', rowsPerSecond: expect.closeTo(700 / encoder.value) });
    expect(whole.seconds).toBeCloseTo(encoder.value / 0.7);
    expect(estimate({ from: 'tokens' }, 1000, [])!.rowsPerSecond).toBeCloseTo(700 / Math.max(fusion.value, sink.value));
  });

  it('takes the speed of the last one of its kind, unless that was held back or too short to tell', () => {
    const earlier = [
      done(9000, { from: 'topic' }),
      done(9000, { state: 'cancelled' }),
      done(9000, { rate: 90 }),
      done(900),
      done(5000),
      done(7000),
    ];
    expect(estimate({ from: 'listings' }, 1000, earlier)).toMatchObject({ speedFrom: 'lastBackfill', rowsPerSecond: 50, seconds: 20 });
    expect(estimate({ from: 'listings', rate: 10 }, 1000, earlier)).toMatchObject({ speedFrom: 'rate', rowsPerSecond: 10, seconds: 100 });
    expect(estimate({ from: 'listings', rate: 1000 }, 1000, earlier)).toMatchObject({ speedFrom: 'lastBackfill', rowsPerSecond: 50 });
  });

  it('is not known where the rows are not', () => {
    expect(estimate({ from: 'listings' }, 0, [done(5000)])).toBeUndefined();
  });
});
