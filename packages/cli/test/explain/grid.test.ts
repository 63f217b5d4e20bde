import { describe, expect, it } from 'vitest';
import { centreOf, describePlace, valueAt } from '../../src/explain/grid.js';

const GRID = { columns: 3, rows: 2, stepPx: 10, firstCentrePx: 5 };
const VALUES = [0, 1, 2, 10, 11, 12];

describe('valueAt', () => {
  it('is the value of a patch in its middle', () => {
    VALUES.forEach((value, patch) => {
      const { x, y } = centreOf(patch, GRID);
      expect(valueAt(VALUES, GRID, x, y)).toBe(value);
    });
  });

  it('is bilinear between the middles, and that of the nearest outside of them', () => {
    expect(valueAt(VALUES, GRID, 10, 5)).toBeCloseTo(0.5);
    expect(valueAt(VALUES, GRID, 10, 10)).toBeCloseTo(5.5);
    expect(valueAt(VALUES, GRID, -50, 0)).toBe(0);
    expect(valueAt(VALUES, GRID, 99, 99)).toBe(12);
  });

  it('knows a grid of one column', () => {
    expect(valueAt([3, 5], { columns: 1, rows: 2, stepPx: 2, firstCentrePx: 1 }, 40, 2)).toBe(4);
  });
});

it('describePlace says where a patch is on what is shown, not on the padding', () => {
  const whole = { left: 0, top: 0, width: 30, height: 20 };
  expect([0, 1, 5].map((patch) => describePlace(patch, GRID, whole))).toEqual(['upper left', 'top', 'lower right']);
  expect(describePlace(1, GRID, { left: 10, top: 0, width: 10, height: 10 })).toBe('middle');
});
