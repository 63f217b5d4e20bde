import { expect, it } from 'vitest';
import { createMicroBatcher } from '../../src/stream/micro-batch.js';

/*
 * Chapter 2: micro-batches and lanes.
 *
 * A model is fastest on many listings at once, and a listing wants its labels now. Both are had by one rule: whoever comes while nothing is
 * under way goes at once; whoever comes while a batch is under way waits for company, for a moment.
 */
const policy = { maxSize: 10, maxAgeMs: 20, backfillShare: 0.1, backfillBatchMs: 0 };

it('an idle stage takes a single listing at once', () => {
  const batcher = createMicroBatcher(policy);
  const decision = batcher.decide({ buffered: { live: 1, backfill: 0 }, idle: true, nowMs: 0 });
  expect(decision).toEqual({ kind: 'take', slots: { live: 1, backfill: 0 } });
});

it('a busy stage waits until the batch is full or its first listing is old enough', () => {
  const batcher = createMicroBatcher(policy);
  const decideAt = (nowMs: number, live: number) => batcher.decide({ buffered: { live, backfill: 0 }, idle: false, nowMs });
  expect(decideAt(0, 3)).toEqual({ kind: 'hold', ms: 20 });
  expect(decideAt(5, 10).kind).toBe('take');
  expect(decideAt(6, 3)).toEqual({ kind: 'hold', ms: 20 });
  expect(decideAt(26, 4).kind).toBe('take');
});

/*
 * Every input topic exists twice: once for new and changed listings, once for whole catalogues that are labelled again. The live lane goes
 * first; the backfill lane gets the slots that are left, and a small share in any case, so that it always arrives some day.
 */
it('live first, a backfill in the gaps, and a trickle of it under full load', () => {
  const batcher = createMicroBatcher(policy);
  const slotsFor = (live: number, backfill: number) => batcher.decide({ buffered: { live, backfill }, idle: true, nowMs: 0 });
  expect(slotsFor(4, 1000)).toMatchObject({ slots: { live: 4, backfill: 6 } });
  expect(slotsFor(1000, 1000)).toMatchObject({ slots: { live: 9, backfill: 1 } });
});
