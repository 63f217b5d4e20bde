import { expect, test } from 'vitest';
import { enlarge, isEnlarged, neededPart } from '../../src/image/enlarge.js';
import { cutCovering } from '../../src/image/placement.js';

const spec = { width: 8, height: 8, channels: 3, fit: 'cover', kernel: 'cubic', background: [255, 255, 255] } as const;

/** The first channel of what becomes of grey pixels, by way of the needed part. */
function enlarged(values: readonly number[], width: number, height: number, kernel: 'cubic' | 'lanczos3' = 'cubic') {
  const size = { width, height };
  const cutting = cutCovering(width, height, spec);
  const chosen = { ...spec, kernel };
  const part = neededPart(size, cutting, chosen);
  const rows = Array.from({ length: part.height }, (_, y) => {
    const start = (y + part.top) * width + part.left;
    return values.slice(start, start + part.width);
  });
  const data = Uint8Array.from(rows.flat().flatMap((value) => [value, value, value]));
  return [...enlarge({ ...part, data }, size, cutting, chosen)].filter((_, at) => at % 3 === 0);
}

test.each(['cubic', 'lanczos3'] as const)('one colour stays what it is (%s)', (kernel) => {
  expect(enlarged(new Array(12).fill(77), 4, 3, kernel)).toEqual(new Array(64).fill(77));
});

test('a step stays in its place and overshoots on both sides alike', () => {
  const values = enlarged(
    [1, 2, 3, 4].flatMap(() => [40, 40, 200, 200]),
    4,
    4,
  );
  const row = values.slice(0, 8);
  for (let at = 0; at < 64; at += 8) expect(values.slice(at, at + 8)).toEqual(row);
  row.forEach((value, at) => {
    expect(Math.abs(value + row[7 - at]! - 240)).toBeLessThanOrEqual(1);
  });
  expect(Math.min(...row)).toBeLessThan(40);
  expect(row.slice(0, 4).every((value) => value < 120)).toBe(true);
});

test('values never leave the range of a byte', () => {
  const values = enlarged([0, 255, 0, 255], 2, 2);
  expect(Math.min(...values)).toBe(0);
  expect(Math.max(...values)).toBe(255);
});

test('of a long strip only the centre is needed', () => {
  const part = neededPart({ width: 4000, height: 2 }, cutCovering(4000, 2, spec), spec);
  expect(part.width).toBeLessThan(10);
  expect(Math.abs(part.left + part.width / 2 - 2000)).toBeLessThanOrEqual(1);
  expect([part.top, part.height]).toEqual([0, 2]);
});

test.each([
  [7, 9, true],
  [8, 8, false],
  [8, 300, false],
  [300, 7, true],
])('%d × %d pixels have to be enlarged: %s', (width, height, expected) => {
  expect(isEnlarged(cutCovering(width, height, spec), width, height)).toBe(expected);
});
