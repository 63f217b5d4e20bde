import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../src/stream/backoff.js';

const settings = { baseMs: 100, maxMs: 10_000 };

describe('backoffMs', () => {
  it('doubles its upper limit with every attempt, up to the cap', () => {
    const longest = [1, 2, 3, 7, 8, 9, 500].map((attempt) => backoffMs(attempt, settings, () => 0.999999));
    expect(longest).toEqual([99, 199, 399, 6399, 9999, 9999, 9999]);
  });

  it('draws over the whole range, so that the members of a group do not come back together', () => {
    expect(backoffMs(5, settings, () => 0)).toBe(0);
    expect(backoffMs(5, settings, () => 0.5)).toBe(800);
  });

  it('is a whole number between 0 and the cap, whatever happens', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), (attempt, random) => {
        const ms = backoffMs(attempt, settings, () => random);
        expect(Number.isInteger(ms)).toBe(true);
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(settings.maxMs);
      }),
    );
  });
});
