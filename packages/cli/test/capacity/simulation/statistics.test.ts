import { expect, test } from 'vitest';
import { createRandom } from '../../../src/capacity/simulation/random.js';
import { batchMeans } from '../../../src/capacity/simulation/statistics.js';

test('the interval covers the true mean about 99 times of 100', () => {
  let covered = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = createRandom(seed, 'service');
    const interval = batchMeans(Array.from({ length: 400 }, () => random.exponential(3)));
    if (interval !== null && Math.abs(interval.mean - 3) <= interval.halfWidth) covered++;
  }
  expect(covered / 300).toBeGreaterThan(0.95);
  expect(covered / 300).toBeLessThan(1);
});

test('too few values tell nothing, equal ones all', () => {
  expect(batchMeans(new Array<number>(19).fill(1))).toBeNull();
  expect(batchMeans(new Array<number>(40).fill(2.5))).toEqual({ mean: 2.5, halfWidth: 0 });
});
