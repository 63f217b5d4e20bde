import { createRandom } from '@labelstream/samples/random';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge, slopeOf } from '../../src/soak/trend.js';

const SECONDS = 3600;
/** An hour with a sample every five seconds. */
const hour = (value: (seconds: number) => number) =>
  Array.from({ length: SECONDS / 5 }, (_, i) => ({ seconds: i * 5, value: value(i * 5) }));
const verdict = (value: (seconds: number) => number, floor = 8) => judge(hour(value), { totalSeconds: SECONDS, floor }).verdict;

test('the slope of a line is found, wherever it lies', () => {
  const number = fc.double({ noNaN: true, min: -100, max: 100 });
  fc.assert(
    fc.property(number, number, fc.integer({ min: 2, max: 50 }), (slope, offset, count) => {
      const points = Array.from({ length: count }, (_, seconds) => ({ seconds, value: offset + slope * seconds }));
      expect(slopeOf(points)).toBeCloseTo(slope, 6);
    }),
  );
});

test.each([[[]], [[{ seconds: 3, value: 7 }]]])('%j has no slope', (points) => {
  expect(slopeOf(points)).toBe(0);
});

describe('verdict', () => {
  test('a constant is flat', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: 0, max: 1e9 }), (value) => {
        expect(verdict(() => value)).toBe('flat');
      }),
    );
  });

  test('what rises by more than is allowed grows, however noisy it is', () => {
    const noise = fc.integer({ min: 0, max: 9999 }).map((seed) => createRandom(seed));
    fc.assert(
      fc.property(noise, fc.double({ noNaN: true, min: 60, max: 500 }), (random, perHour) => {
        expect(verdict((seconds) => 200 + (perHour * seconds) / SECONDS + random.between(-20, 20))).toBe('grows');
      }),
      { numRuns: 50 },
    );
  });

  test('noise around a level is flat', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }).map((seed) => createRandom(seed)),
        (random) => {
          expect(verdict(() => 200 + random.between(-40, 40), 10)).toBe('flat');
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a slow leak under the saw-tooth of a collector is seen, the saw-tooth alone is none', () => {
    const sawTooth = (seconds: number) => 40 + ((seconds / 90) % 1) * 30;
    expect(verdict(sawTooth)).toBe('flat');
    expect(verdict((seconds) => sawTooth(seconds) + (20 * seconds) / SECONDS)).toBe('grows');
  });

  test('a peak at the end is none, filling up in the warm-up neither, nor getting smaller', () => {
    expect(verdict((seconds) => (seconds > 3500 ? 2000 : 20))).toBe('flat');
    expect(verdict((seconds) => Math.min(200, seconds / 3))).toBe('flat');
    expect(verdict((seconds) => 400 - seconds / 20)).toBe('flat');
  });

  test('growth below the floor is noise, also where it is much of the mean', () => {
    const rise = (seconds: number) => 5 + (10 * seconds) / SECONDS;
    expect(verdict(rise, 20)).toBe('flat');
    expect(verdict(rise, 2)).toBe('grows');
  });

  test('growth of a few percent is allowed, and told', () => {
    const trend = judge(
      hour((seconds) => 1000 + (30 * seconds) / SECONDS),
      { totalSeconds: SECONDS, floor: 8 },
    );
    expect(trend).toMatchObject({ verdict: 'flat' });
    expect(trend.fittedPerHour).toBeCloseTo(30);
    expect(trend.fittedGrowth).toBeCloseTo(24, 0);
    expect(trend.last).toBeGreaterThan(trend.first);
    expect(trend.allowed).toBeCloseTo(trend.mean * 0.05);
  });

  test('a process that fell silent is not flat', () => {
    const points = hour(() => 1).filter(({ seconds }) => seconds < 740);
    expect(judge(points, { totalSeconds: SECONDS, floor: 8 }).verdict).toBe('too few samples');
    expect(judge([], { totalSeconds: SECONDS, floor: 8 })).toMatchObject({ verdict: 'too few samples', mean: 0, last: 0 });
  });
});
