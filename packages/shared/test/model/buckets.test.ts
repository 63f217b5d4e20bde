import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, computeInRuns, lengthBuckets, runSizes, splitIntoRuns } from '../../src/model/buckets.js';

describe('lengthBuckets', () => {
  it.each([
    [32, [8, 16, 24, 32]],
    [77, [16, 32, 48, 64, 77]],
    [5, [5]],
  ])('cuts a context of %d tokens', (contextLength, buckets) => {
    expect(lengthBuckets(contextLength)).toEqual(buckets);
  });

  it('has a bucket for every length, and few of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (contextLength) => {
        const buckets = lengthBuckets(contextLength);
        expect(buckets.length).toBeLessThanOrEqual(8);
        for (const length of [1, Math.ceil(contextLength / 2), contextLength])
          expect(bucketOf(length, buckets)).toBeGreaterThanOrEqual(length);
      }),
    );
  });
});

describe('splitIntoRuns', () => {
  it('keeps every item once and in order, in sizes of a power of two', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 100 }), fc.integer({ min: 1, max: 40 }), (items, maxRunSize) => {
        const runs = splitIntoRuns(items, maxRunSize);
        expect(runs.flat()).toEqual(items);
        for (const run of runs) expect(runSizes(maxRunSize)).toContain(run.length);
      }),
    );
  });
});

describe('computeInRuns', () => {
  it('gives results in the order of the items, though buckets are computed apart', async () => {
    const seen: number[][] = [];
    const items = [5, 12, 3, 14, 8, 11, 2];
    const results = await computeInRuns(items, { bucket: (item) => (item > 9 ? 'long' : 'short'), maxRunSize: 2 }, async (run) => {
      seen.push([...run]);
      return run.map((item) => item * 10);
    });
    expect(results).toEqual(items.map((item) => item * 10));
    expect(seen).toEqual([[5, 3], [8, 2], [12, 14], [11]]);
  });

  it('fails as a whole when a run fails', async () => {
    const failing = computeInRuns([1, 2], { bucket: (item) => item, maxRunSize: 1 }, async ([item]) => {
      if (item === 2) throw new Error('no');
      return [item];
    });
    await expect(failing).rejects.toThrow('no');
  });
});
