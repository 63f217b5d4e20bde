import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baselineFor, decodeStoredState, encodeStoredState, type PublishedState, type StoredState } from '../src/published.js';

const state = (version: number, sources: PublishedState['sources'] = {}): PublishedState => ({
  rank: { version, generation: 1, revision: 0, evidence: 2 },
  deleted: false,
  image: 'USED',
  text: 'USED',
  tasks: { articleType: { label: 'Shirts', abstained: false } },
  sources,
});
const stored: StoredState = { state: state(2, { live: { partition: 0, offset: 10 } }), before: state(1) };

describe('published state', () => {
  it('survives its encoding', () => {
    expect(decodeStoredState(encodeStoredState(stored))).toEqual(stored);
    expect(decodeStoredState(null)).toBeNull();
  });

  it('goes back to the state before the batch when the transaction of its message did not commit', () => {
    expect(baselineFor(stored, { partition: 0, offsets: { live: 10, backfill: 99 } })).toBe(stored.before);
  });

  it('holds when its message was committed, or came from another partition', () => {
    expect(baselineFor(stored, { partition: 0, offsets: { live: 11, backfill: 0 } })).toBe(stored.state);
    expect(baselineFor(stored, { partition: 1, offsets: { live: 0, backfill: 0 } })).toBe(stored.state);
  });

  it('knows nothing of a product that was never published', () => {
    expect(baselineFor(null, { partition: 0, offsets: { live: 0, backfill: 0 } })).toBeNull();
  });

  const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__proto__');
  const source = fc.record({ partition: fc.nat(3), offset: fc.nat(5) }, { noNullPrototype: true });
  const anyState: fc.Arbitrary<PublishedState> = fc.record(
    {
      rank: fc.record({ version: fc.nat(), generation: fc.nat(), revision: fc.nat(), evidence: fc.nat(2) }, { noNullPrototype: true }),
      deleted: fc.boolean(),
      image: fc.constantFrom('USED' as const, 'MISSING' as const, 'PENDING' as const, 'FAILED' as const),
      text: fc.constantFrom('USED' as const, 'MISSING' as const),
      tasks: fc.dictionary(name, fc.record({ label: fc.string(), abstained: fc.boolean() }, { noNullPrototype: true }), {
        noNullPrototype: true,
      }),
      sources: fc.record({ live: source, backfill: source }, { requiredKeys: [], noNullPrototype: true }),
    },
    { noNullPrototype: true },
  );
  const anyStored = fc.record({ state: anyState, before: fc.option(anyState) }, { noNullPrototype: true });

  it('survives its encoding, whatever the product, its tasks and labels are', () => {
    fc.assert(
      fc.property(anyStored, (any) => {
        expect(decodeStoredState(encodeStoredState(any))).toStrictEqual(any);
      }),
    );
  });

  it('holds exactly when the group has committed every message of this partition that it has taken in', () => {
    const committed = fc.record({ partition: fc.nat(3), offsets: fc.record({ live: fc.nat(6), backfill: fc.nat(6) }) });
    fc.assert(
      fc.property(anyStored, committed, (any, { partition, offsets }) => {
        const { live, backfill } = any.state.sources;
        const isCommitted = (own: typeof live, next: number) => own === undefined || own.partition !== partition || own.offset < next;
        const holds = isCommitted(live, offsets.live) && isCommitted(backfill, offsets.backfill);
        expect(baselineFor(any, { partition, offsets })).toBe(holds ? any.state : any.before);
      }),
      { numRuns: 1000 },
    );
  });
});
