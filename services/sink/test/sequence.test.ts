import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../src/decide.js';
import type { Committed, StoredState } from '../src/published.js';
import { type Arrival, createSequence } from '../src/sequence.js';
import { anyPredicted, message, predicted } from './arbitraries.js';

/** Gives each record the next offset of its lane. */
function arrivals(records: readonly Arrival['record'][]): Arrival[] {
  const offsets = { live: 0, backfill: 0 };
  return records.map((record) => ({ record, message: message(record.lane, offsets[record.lane]++) }));
}

const visible = ({ kind, ...rest }: Decision) =>
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
});
