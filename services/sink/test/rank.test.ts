import { describe, expect, it } from 'vitest';
import { compareRank, countUsed, rankOf } from '../src/rank.js';
import { predicted } from './arbitraries.js';

const rank = (version: number, generation = 1, revision = 0, evidence = 2) => ({ version, generation, revision, evidence });

describe('rank', () => {
  it('puts the listing version before everything else', () => {
    expect(compareRank(rank(2, 1, 0, 0), rank(1, 9, 9, 2))).toBeGreaterThan(0);
  });

  it('puts a newer model before a later revision, so that a relabelling of the first pass counts', () => {
    expect(compareRank(rank(1, 2, 0), rank(1, 1, 3))).toBeGreaterThan(0);
  });

  it('prefers, of two passes of the same revision, the one that saw more', () => {
    expect(compareRank(rank(1, 1, 0, 1), rank(1, 1, 0, 2))).toBeLessThan(0);
    expect(countUsed('USED', 'PENDING')).toBe(1);
  });

  it('is equal for a redelivered record', () => {
    expect(compareRank(rankOf(predicted()), rankOf(predicted()))).toBe(0);
  });
});
