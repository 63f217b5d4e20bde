import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BatchDecision, batchPolicy, createMicroBatcher } from '../../src/stream/micro-batch.js';

const policy = { maxSize: 8, maxAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 0 };
const slots = (decision: BatchDecision) => (decision.kind === 'take' ? decision.slots : decision.kind);

describe('createMicroBatcher', () => {
  it('takes a single message at once when nothing is under way', () => {
    const batcher = createMicroBatcher(policy);
    expect(slots(batcher.decide({ buffered: { live: 1, backfill: 0 }, idle: true, nowMs: 0 }))).toEqual({ live: 1, backfill: 0 });
  });

  it('lets a message wait for company while a batch is under way, but not for longer than its age limit', () => {
    const batcher = createMicroBatcher(policy);
    const decide = (nowMs: number) => batcher.decide({ buffered: { live: 1, backfill: 0 }, idle: false, nowMs });
    expect(decide(100)).toEqual({ kind: 'hold', ms: 20 });
    expect(decide(115)).toEqual({ kind: 'hold', ms: 5 });
    expect(slots(decide(120))).toEqual({ live: 1, backfill: 0 });
    expect(decide(121)).toEqual({ kind: 'hold', ms: 20 });
  });

  it('does not wait once the batch is full', () => {
    const batcher = createMicroBatcher(policy);
    expect(slots(batcher.decide({ buffered: { live: 5, backfill: 3 }, idle: false, nowMs: 0 }))).toEqual({ live: 5, backfill: 3 });
  });

  it('says when there is nothing', () => {
    expect(createMicroBatcher(policy).decide({ buffered: { live: 0, backfill: 0 }, idle: true, nowMs: 0 })).toEqual({ kind: 'empty' });
  });

  it('gives the backfill lane what the live lane leaves', () => {
    const batcher = createMicroBatcher(policy);
    expect(slots(batcher.decide({ buffered: { live: 3, backfill: 100 }, idle: true, nowMs: 0 }))).toEqual({ live: 3, backfill: 5 });
  });

  it('gives the backfill lane its share even when the live lane never ends', () => {
    const batcher = createMicroBatcher(policy);
    let backfill = 0;
    for (let batch = 0; batch < 1000; batch += 1) {
      const decision = batcher.decide({ buffered: { live: 100, backfill: 100 }, idle: true, nowMs: batch });
      if (decision.kind === 'take') backfill += decision.slots.backfill;
    }
    expect(backfill / 8000).toBeCloseTo(0.05, 3);
  });

  it('starves the backfill lane only when told to', () => {
    const batcher = createMicroBatcher({ ...policy, backfillShare: 0 });
    for (let batch = 0; batch < 100; batch += 1)
      expect(slots(batcher.decide({ buffered: { live: 100, backfill: 100 }, idle: true, nowMs: batch }))).toEqual({ live: 8, backfill: 0 });
  });

  it('never takes more than there is, more than fits, or nothing', () => {
    const situation = fc.record({ live: fc.nat(40), backfill: fc.nat(40) });
    const policies = fc.record({
      maxSize: fc.integer({ min: 1, max: 32 }),
      maxAgeMs: fc.constant(0),
      backfillShare: fc.double({ min: 0, max: 1, noNaN: true }),
      backfillBatchMs: fc.constant(0),
    });
    fc.assert(
      fc.property(policies, fc.array(situation, { maxLength: 50 }), (anyPolicy, situations) => {
        const batcher = createMicroBatcher(anyPolicy);
        for (const buffered of situations) {
          const decision = batcher.decide({ buffered, idle: true, nowMs: 0 });
          if (decision.kind !== 'take') continue;
          const { live, backfill } = decision.slots;
          expect(live).toBeLessThanOrEqual(buffered.live);
          expect(backfill).toBeLessThanOrEqual(buffered.backfill);
          expect(live + backfill).toBe(Math.min(anyPolicy.maxSize, buffered.live + buffered.backfill));
        }
      }),
    );
  });

  const anyPolicy = fc.record({
    maxSize: fc.integer({ min: 1, max: 32 }),
    maxAgeMs: fc.integer({ min: 0, max: 50 }),
    backfillShare: fc.double({ min: 0, max: 1, noNaN: true }),
    backfillBatchMs: fc.constant(0),
  });

  it('owes the backfill lane less than one message, however long the live lane is full and whatever the policy', () => {
    fc.assert(
      fc.property(anyPolicy, fc.integer({ min: 1, max: 200 }), (policyOf, batches) => {
        const batcher = createMicroBatcher(policyOf);
        const full = { live: policyOf.maxSize, backfill: policyOf.maxSize };
        let given = 0;
        for (let batch = 1; batch <= batches; batch += 1) {
          const decision = batcher.decide({ buffered: full, idle: true, nowMs: 0 });
          if (decision.kind === 'take') given += decision.slots.backfill;
          const due = batch * policyOf.maxSize * policyOf.backfillShare;
          // Rounding in the sum of many shares is far below a thousandth of a message.
          expect(given).toBeGreaterThan(due - 1 - 1e-3);
          expect(given).toBeLessThanOrEqual(due + 1e-3);
        }
      }),
    );
  });

  it('gives the live lane all that its share leaves, so that a backfill never takes more than its own', () => {
    const arrival = fc.record({ live: fc.nat(40), backfill: fc.nat(40) });
    fc.assert(
      fc.property(anyPolicy, fc.array(arrival, { maxLength: 60 }), (policyOf, arrivals) => {
        const batcher = createMicroBatcher(policyOf);
        for (const buffered of arrivals) {
          const decision = batcher.decide({ buffered, idle: true, nowMs: 0 });
          if (decision.kind !== 'take') continue;
          const withoutBackfill = Math.min(buffered.live, policyOf.maxSize);
          const mostOwed = Math.ceil(policyOf.maxSize * policyOf.backfillShare) + 1;
          expect(decision.slots.live).toBeGreaterThanOrEqual(withoutBackfill - mostOwed);
          if (buffered.live + buffered.backfill <= policyOf.maxSize) expect(decision.slots).toEqual(buffered);
          if (policyOf.backfillShare === 0) expect(decision.slots.live).toBe(withoutBackfill);
        }
      }),
    );
  });

  it('lets no message wait longer than its age limit, and none while nothing is under way', () => {
    const look = fc.record({ passedMs: fc.integer({ min: 0, max: 30 }), arrived: fc.nat(3), idle: fc.boolean() });
    fc.assert(
      fc.property(anyPolicy, fc.array(look, { maxLength: 80 }), (policyOf, looks) => {
        const batcher = createMicroBatcher(policyOf);
        let nowMs = 0;
        let live = 0;
        let seenSinceMs: number | null = null;
        for (const { passedMs, arrived, idle } of looks) {
          nowMs += passedMs;
          live += arrived;
          if (live > 0) seenSinceMs ??= nowMs;
          const decision = batcher.decide({ buffered: { live, backfill: 0 }, idle, nowMs });
          expect(decision.kind === 'empty').toBe(live === 0);
          if (decision.kind === 'hold') {
            expect(idle).toBe(false);
            expect(live).toBeLessThan(policyOf.maxSize);
            expect(nowMs + decision.ms - seenSinceMs!).toBe(policyOf.maxAgeMs);
            expect(decision.ms).toBeGreaterThan(0);
          }
          if (decision.kind !== 'take') continue;
          live -= decision.slots.live;
          seenSinceMs = null;
        }
      }),
    );
  });
});

describe('while live messages are about', () => {
  const beside = { ...policy, maxSize: 32, backfillBatchMs: 20 };
  const learned = (perMessageMs: number) => {
    const batcher = createMicroBatcher(beside);
    for (let i = 0; i < 50; i += 1) batcher.observe(1 + (i % 8), 3 + perMessageMs * (1 + (i % 8)));
    return batcher;
  };
  const take = (batcher: ReturnType<typeof learned>, live: number, backfill: number, nowMs = 0) =>
    slots(batcher.decide({ buffered: { live, backfill }, idle: true, nowMs }));

  it('backfill messages fill a batch as far as that takes its time, by what batches have taken', () => {
    expect(take(learned(5), 1, 100)).toEqual({ live: 1, backfill: 3 });
    expect(take(learned(0.5), 1, 100)).toEqual({ live: 1, backfill: 31 });
  });

  it('a batch of backfill messages alone is as short', () => {
    const batcher = learned(5);
    take(batcher, 1, 0);
    expect(take(batcher, 0, 100, 1000)).toEqual({ live: 0, backfill: 4 });
  });

  it('live messages fill a batch as far as it goes, and the backfill lane keeps its share', () => {
    const batcher = learned(5);
    expect(take(batcher, 100, 100)).toEqual({ live: 31, backfill: 1 });
  });

  it('live messages alone wait for company as they do without a backfill', () => {
    const batcher = learned(1000);
    expect(batcher.decide({ buffered: { live: 3, backfill: 0 }, idle: false, nowMs: 0 })).toEqual({ kind: 'hold', ms: beside.maxAgeMs });
  });

  it('at least one message is taken, however long it takes', () => {
    const batcher = learned(1000);
    take(batcher, 1, 0);
    expect(take(batcher, 0, 100)).toEqual({ live: 0, backfill: 1 });
  });

  it('nothing is known at first: one message tells', () => {
    const batcher = createMicroBatcher(beside);
    take(batcher, 1, 0);
    expect(take(batcher, 0, 100)).toEqual({ live: 0, backfill: 1 });
  });

  it('and for a while after; then batches are as large as they may be', () => {
    const batcher = learned(5);
    take(batcher, 1, 0);
    expect(take(batcher, 0, 100, 5000)).toEqual({ live: 0, backfill: 4 });
    expect(take(batcher, 0, 100, 5001)).toEqual({ live: 0, backfill: 32 });
  });
});

describe('batchPolicy', () => {
  const settings = { maxBatchAgeMs: 20, backfillShare: 0.05, backfillBatchMs: 10 };
  const expected = { maxAgeMs: 20, backfillShare: 0.05 };
  const encoder = { name: 'encoder', delivery: 'at-least-once' } as const;
  const sink = { name: 'sink', delivery: 'transactional' } as const;

  it('shortens batches beside live messages, but not transactions, which take nearly as long whatever is in them', () => {
    expect(batchPolicy(settings, encoder)).toEqual({ ...expected, maxSize: 32, backfillBatchMs: 10 });
    expect(batchPolicy(settings, sink)).toEqual({ ...expected, maxSize: 128, backfillBatchMs: 0 });
  });

  it('takes the size that is set for every stage', () => {
    for (const stage of [encoder, sink]) expect(batchPolicy({ ...settings, maxBatchSize: 5 }, stage).maxSize).toBe(5);
  });
});
