import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRank, evidenceOf, type Rank, rankOf } from '../src/rank.js';
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
    expect(evidenceOf('USED', 'MISSING')).toBeGreaterThan(evidenceOf('FAILED', 'MISSING'));
    expect(evidenceOf('USED', 'USED')).toBeGreaterThan(evidenceOf('USED', 'FAILED'));
  });

  it.each(['FAILED', 'MISSING'] as const)(
    'prefers, of two that saw as much, the one that knows that its image is %s to one that waits',
    (image) => {
      expect(evidenceOf(image, 'USED')).toBeGreaterThan(evidenceOf('PENDING', 'USED'));
      expect(evidenceOf(image, 'MISSING')).toBeLessThan(evidenceOf('PENDING', 'USED'));
    },
  );

  it('is equal for a redelivered record', () => {
    expect(compareRank(rankOf(predicted()), rankOf(predicted()))).toBe(0);
  });

  const few = fc.integer({ min: 0, max: 3 });
  const anyRank: fc.Arbitrary<Rank> = fc.record({ version: few, generation: few, revision: few, evidence: few });
  const sign = (a: Rank, b: Rank) => Math.sign(compareRank(a, b));

  it('is one line for any ranks: the same from both sides, without circles, and equal only where nothing differs', () => {
    fc.assert(
      fc.property(anyRank, anyRank, anyRank, (a, b, c) => {
        expect(sign(a, b) + sign(b, a)).toBe(0);
        if (sign(a, b) >= 0 && sign(b, c) >= 0) expect(sign(a, c)).toBeGreaterThanOrEqual(0);
        expect(sign(a, b) === 0).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2000 },
    );
  });

  it('is decided by the first field that differs, for any ranks', () => {
    const order = ['version', 'generation', 'revision', 'evidence'] as const;
    fc.assert(
      fc.property(anyRank, anyRank, (a, b) => {
        const first = order.find((field) => a[field] !== b[field]);
        expect(sign(a, b)).toBe(first === undefined ? 0 : Math.sign(a[first] - b[first]));
      }),
    );
  });
});
