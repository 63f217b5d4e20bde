import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Committed, StoredState } from '../src/published.js';
import { type Arrival, createSequence, type Verdict } from '../src/sequence.js';
import { anyPredicted, message, predicted } from './arbitraries.js';

/** Gives each record the next offset of its lane. */
function arrivals(records: readonly Arrival['record'][]): Arrival[] {
  const offsets = { live: 0, backfill: 0 };
  return records.map((record) => ({ record, canGoBack: true, message: message(record.lane, offsets[record.lane]++) }));
}

const visible = ({ kind, ...rest }: Verdict) =>
  kind === 'drop' ? { kind, reason: 'reason' in rest ? rest.reason : '' } : { kind, ...rest, next: undefined };

/** Offsets to commit once everything before index `at` is committed. */
function committedAt(all: readonly Arrival[], at: number) {
  const offsets = { live: 0, backfill: 0 };
  for (const { message } of all.slice(0, at)) offsets[message.lane] = message.offset + 1;
  return { partition: 0, offsets };
}

/** Runs one batch on the stored states and saves what it moved, as the stage does before its transaction. */
function runBatch(states: Map<string, StoredState>, batch: readonly Arrival[], committed: Committed) {
  const sequence = createSequence(new Map(states), committed);
  const decisions = batch.map((arrival) => visible(sequence.next(arrival)));
  for (const [id, stored] of sequence.moved()) states.set(id, stored);
  return decisions;
}

const anyBatches = fc.array(fc.record({ size: fc.integer({ min: 1, max: 6 }), aborted: fc.boolean() }), { maxLength: 40 });

describe('the sequence of a partition', () => {
  it('decides the same whatever the batches are and however often their transactions abort', () => {
    fc.assert(
      fc.property(fc.array(anyPredicted, { maxLength: 25 }), anyBatches, (records, batches) => {
        const all = arrivals(records);
        const states = new Map<string, StoredState>();
        const committed: ReturnType<typeof visible>[] = [];
        for (let round = 0; committed.length < all.length; round++) {
          const { size, aborted } = batches[round] ?? { size: 3, aborted: false };
          const at = committed.length;
          const decisions = runBatch(states, all.slice(at, at + size), committedAt(all, at));
          if (!aborted) committed.push(...decisions);
        }
        const reference = new Map<string, StoredState>();
        expect(committed).toEqual(all.flatMap((arrival, at) => runBatch(reference, [arrival], committedAt(all, at))));
      }),
      { numRuns: 1000 },
    );
  });

  it('does not lose a change when, after an abort, the other lane comes first', () => {
    const [live, backfill] = arrivals([predicted({ version: 2 }), predicted({ version: 1, lane: 'backfill' })]) as [Arrival, Arrival];
    const states = new Map<string, StoredState>();
    runBatch(states, [live], { partition: 0, offsets: { live: 0, backfill: 0 } }); // aborted
    const first = runBatch(states, [backfill], { partition: 0, offsets: { live: 0, backfill: 0 } });
    const second = runBatch(states, [live], { partition: 0, offsets: { live: 0, backfill: 1 } });
    expect([first[0]?.kind, second[0]?.kind]).toEqual(['publish', 'publish']);
  });

  it('publishes no label of an older model after one of a newer, whatever comes in whatever lane', () => {
    fc.assert(
      fc.property(fc.array(anyPredicted, { maxLength: 25 }), (records) => {
        const sequence = createSequence(new Map(), { partition: 0, offsets: { live: 0, backfill: 0 } });
        const last = new Map<string, number>();
        for (const arrival of arrivals(records)) {
          const { productId, model } = arrival.record;
          if (sequence.next(arrival).kind !== 'publish') continue;
          expect(model.generation).toBeGreaterThanOrEqual(last.get(productId) ?? 0);
          last.set(productId, model.generation);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('has a newer version from an older model labelled again, and forgets that it came; one that cannot go back any more is published', () => {
    const [first, outdated, again, late] = arrivals([
      predicted({ generation: 5 }),
      predicted({ version: 2, generation: 4 }),
      predicted({ version: 2, generation: 5 }),
      predicted({ version: 3, generation: 4 }),
    ]) as [Arrival, Arrival, Arrival, Arrival];
    const sequence = createSequence(new Map(), { partition: 0, offsets: { live: 0, backfill: 0 } });
    sequence.next(first);
    expect(sequence.next(outdated)).toEqual({ kind: 'labelAgain' });
    expect(sequence.moved().get('p1')?.state.rank).toMatchObject({ version: 1, generation: 5 });
    expect(sequence.next(again)).toMatchObject({ kind: 'publish' });
    expect(sequence.next({ ...late, canGoBack: false })).toMatchObject({ kind: 'publish', next: { rank: { version: 3, generation: 4 } } });
  });

  it('remembers the newest model over a deletion', () => {
    const [first, deletion, outdated] = arrivals([
      predicted({ generation: 5 }),
      predicted({ version: 2, generation: 4, op: 'DELETE' }),
      predicted({ version: 3, generation: 4 }),
    ]) as [Arrival, Arrival, Arrival];
    const sequence = createSequence(new Map(), { partition: 0, offsets: { live: 0, backfill: 0 } });
    expect([first, deletion, outdated].map((arrival) => sequence.next(arrival).kind)).toEqual(['publish', 'tombstone', 'labelAgain']);
  });
});
