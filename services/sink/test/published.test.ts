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
});
