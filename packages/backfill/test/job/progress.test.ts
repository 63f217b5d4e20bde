import { describe, expect, it } from 'vitest';
import type { Backfill, BackfillCounts } from '../../src/job/backfill.js';
import { progressOf } from '../../src/job/progress.js';

const counts: BackfillCounts = {
  rangesPlanned: 10,
  rangesDone: 2,
  rangesFailed: 0,
  rangesOpen: 2,
  rangesPending: 6,
  rowsEstimated: 1000,
  rowsRead: 250,
  rowsSent: 240,
  rowErrors: 10,
};
const backfill: Backfill = {
  name: 'b',
  id: 'i',
  from: 'listings',
  spec: null,
  priority: 50,
  maxErrors: 100,
  state: 'running',
  planComplete: true,
  counts,
  createdAtMs: 0,
  startedAtMs: 1000,
};

describe('progress', () => {
  it('is told by rows, with the time that is left at the present speed', () => {
    expect(progressOf(backfill, 11_000)).toEqual({ share: 0.25, rowsTotal: 1000, rowsPerSecond: 25, secondsLeft: 30 });
    expect(progressOf(backfill, 11_000, { atMs: 10_000, rowsRead: 200 })).toMatchObject({ rowsPerSecond: 50, secondsLeft: 15 });
  });

  it('is told by ranges where the source does not know its rows, and then without an end', () => {
    const unknown = { ...backfill, counts: { ...counts, rowsEstimated: 0 } };
    expect(progressOf(unknown, 11_000)).toEqual({ share: 0.2, rowsTotal: 0, rowsPerSecond: 25 });
  });

  it('names no end while the ranges are not all known, or nothing moves', () => {
    expect(progressOf({ ...backfill, planComplete: false }, 11_000)).not.toHaveProperty('secondsLeft');
    expect(progressOf({ ...backfill, state: 'paused' }, 11_000)).not.toHaveProperty('secondsLeft');
    expect(progressOf(backfill, 11_000, { atMs: 10_000, rowsRead: 250 })).not.toHaveProperty('secondsLeft');
  });

  it('ends at the whole, however wrong the estimate was', () => {
    const done: Backfill = { ...backfill, state: 'done', endedAtMs: 6000, counts: { ...counts, rowsRead: 1200 } };
    expect(progressOf(done, 99_000)).toEqual({ share: 1, rowsTotal: 1200, rowsPerSecond: 240 });
    expect(progressOf({ ...done, state: 'running' }, 11_000)).toMatchObject({ share: 1, rowsTotal: 1200 });
  });

  it('is nothing before anything is known', () => {
    const { startedAtMs: _, ...fresh } = { ...backfill, counts: { ...counts, rangesPlanned: 0, rowsEstimated: 0, rowsRead: 0 } };
    expect(progressOf(fresh, 11_000)).toEqual({ share: 0, rowsTotal: 0, rowsPerSecond: 0 });
  });
});
