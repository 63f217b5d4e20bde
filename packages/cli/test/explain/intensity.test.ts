import { describe, expect, it } from 'vitest';
import { intensities, lifts, peakOf, topOf } from '../../src/explain/intensity.js';

const SCALE = { base: 1, leastTop: 2 };

describe('the colours of maps', () => {
  it('share one scale, so that the word that says most is the strongest', () => {
    const maps = [Float32Array.of(0, 1, 3), Float32Array.of(1, 2, 0.5)];
    const top = topOf(maps, SCALE);
    expect(top).toBe(3);
    expect(Array.from(intensities(maps[0]!, SCALE, top))).toEqual([0, 0, 1]);
    expect(Array.from(intensities(maps[1]!, SCALE, top))).toEqual([0, 0.5, 0]);
  });

  it('stay pale where no map says anything', () => {
    const even = Float32Array.of(1.1, 0.9, 1);
    expect(Math.max(...intensities(even, SCALE, topOf([even], SCALE)))).toBeCloseTo(0.1);
  });
});

it('lifts are multiples of an even spread', () => {
  expect(Array.from(lifts([0.1, 0.1, 0.2]))).toEqual([0.75, 0.75, 1.5]);
  expect(Array.from(lifts([0, 0]))).toEqual([0, 0]);
});

it('peakOf finds the first greatest value', () => {
  expect(peakOf([-2, -1, -1])).toEqual({ patch: 1, value: -1 });
});
