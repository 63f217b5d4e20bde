import { expect, test } from 'vitest';
import { round } from '../src/round.js';

test('a figure has at most so many decimal places, one where nothing is said, and no minus before nothing', () => {
  expect([round(12.345), round(12.345, 2), round(7, 3), round(-0.001, 2)]).toEqual([12.3, 12.35, 7, 0]);
  expect(Object.is(round(-0.04), 0)).toBe(true);
});
