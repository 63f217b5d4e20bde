import { expect, it } from 'vitest';
import { paintHeat } from '../../src/explain/heat.js';

const GRID = { columns: 2, rows: 1, stepPx: 10, firstCentrePx: 5 };
const picture = (width: number, height: number) => ({ width, height, data: new Uint8Array(width * height * 3).fill(200) });

it('colours what the map says and leaves the rest in grey', () => {
  const { data } = paintHeat(picture(20, 4), [1, 0], GRID, { left: 0, top: 0, width: 20, height: 10 });
  const at = (x: number) => Array.from(data.subarray(x * 3, x * 3 + 3));
  const [red, green, blue] = at(0);
  expect(red).toBeGreaterThan(green! + 100);
  expect(red).toBeGreaterThan(blue! + 50);
  expect(new Set(at(19)).size).toBe(1);
});

it('maps through the view: a picture that was padded shows the middle of the map only', () => {
  const { data } = paintHeat(picture(4, 2), [1, 0], GRID, { left: 15, top: 0, width: 5, height: 10 });
  for (let at = 0; at < data.length; at += 3) expect(new Set(data.subarray(at, at + 3)).size).toBe(1);
});
