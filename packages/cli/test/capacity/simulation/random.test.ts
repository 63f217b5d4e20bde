import { describe, expect, test } from 'vitest';
import { createRandom, type Random } from '../../../src/capacity/simulation/random.js';

const DRAWS = 200_000;

function momentsOf(draw: () => number) {
  const values = Array.from({ length: DRAWS }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / DRAWS;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / DRAWS;
  return { mean, deviation: Math.sqrt(variance) };
}

test('a seed and a purpose always give the same numbers, and others than every other seed and purpose', () => {
  const numbers = (random: Random) => Array.from({ length: 20 }, () => random.uniform());
  const same = numbers(createRandom(3, 'service'));
  expect(numbers(createRandom(3, 'service'))).toEqual(same);
  for (const other of [createRandom(4, 'service'), createRandom(3, 'arrivals'), createRandom(3, 'partitions')]) {
    expect(numbers(other)).not.toEqual(same);
  }
});

test('uniform draws lie in [0, 1) and fill it evenly', () => {
  const random = createRandom(1, 'service');
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < DRAWS; i++) {
    const tenth = Math.floor(random.uniform() * 10);
    counts[tenth] = (counts[tenth] ?? Number.NaN) + 1;
  }
  // Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand.
  expect(counts.reduce((sum, count) => sum + (count - DRAWS / 10) ** 2 / (DRAWS / 10), 0)).toBeLessThan(27.9);
});

test('exponential draws have their mean, and as much deviation', () => {
  const random = createRandom(2, 'arrivals');
  const { mean, deviation } = momentsOf(() => random.exponential(40));
  expect(Math.abs(mean / 40 - 1)).toBeLessThan(0.01);
  expect(Math.abs(deviation / 40 - 1)).toBeLessThan(0.02);
});

describe('spread', () => {
  test.each([0, 0.1, 0.5, 0.9, 1, 1.5])('has mean 1 and coefficient of variation %s', (wanted) => {
    const random = createRandom(5, 'service');
    const { mean, deviation } = momentsOf(() => random.spread(wanted));
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
    expect(Math.abs(deviation - wanted)).toBeLessThan(0.03);
  });
});
