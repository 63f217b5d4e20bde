import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutCovering, placeContained } from '../../src/image/placement.js';

const spec = { width: 60, height: 80 };

test.each([
  ['the same size', 60, 80, { width: 60, height: 80, left: 0, top: 0, right: 0, bottom: 0 }],
  ['the same shape', 300, 400, { width: 60, height: 80, left: 0, top: 0, right: 0, bottom: 0 }],
  ['wide', 600, 400, { width: 60, height: 40, left: 0, top: 20, right: 0, bottom: 20 }],
  ['tall', 100, 800, { width: 10, height: 80, left: 25, top: 0, right: 25, bottom: 0 }],
  ['small', 6, 4, { width: 60, height: 40, left: 0, top: 20, right: 0, bottom: 20 }],
  ['an odd rest', 57, 80, { width: 57, height: 80, left: 1, top: 0, right: 2, bottom: 0 }],
  ['a half pixel', 125, 400, { width: 25, height: 80, left: 17, top: 0, right: 18, bottom: 0 }],
  ['a line', 3000, 1, { width: 60, height: 1, left: 0, top: 39, right: 0, bottom: 40 }],
])('%s', (_, width, height, expected) => {
  expect(placeContained(width, height, spec)).toEqual(expected);
});

test('any image fills the model’s width or height and is centred', () => {
  const size = fc.integer({ min: 1, max: 30_000 });
  fc.assert(
    fc.property(size, size, (width, height) => {
      const place = placeContained(width, height, spec);
      expect(place.left + place.width + place.right).toBe(spec.width);
      expect(place.top + place.height + place.bottom).toBe(spec.height);
      expect(place.width === spec.width || place.height === spec.height).toBe(true);
      expect(Math.abs(place.right - place.left)).toBeLessThanOrEqual(1);
      expect(Math.abs(place.bottom - place.top)).toBeLessThanOrEqual(1);
    }),
  );
});

const square = { width: 224, height: 224 };

test.each([
  ['the same size', 224, 224, { width: 224, height: 224, left: 0, top: 0 }],
  ['wide', 640, 480, { width: 298, height: 224, left: 37, top: 0 }],
  ['tall', 480, 640, { width: 224, height: 298, left: 0, top: 37 }],
  ['small', 50, 40, { width: 280, height: 224, left: 28, top: 0 }],
  ['an odd rest', 227, 224, { width: 227, height: 224, left: 1, top: 0 }],
  ['a side that is not whole', 1999, 1333, { width: 335, height: 224, left: 55, top: 0 }],
  ['a line', 3000, 1, { width: 672_000, height: 224, left: 335_888, top: 0 }],
  ['a point', 1, 1, { width: 224, height: 224, left: 0, top: 0 }],
])('covering: %s', (_, width, height, expected) => {
  expect(cutCovering(width, height, square)).toEqual(expected);
});

test('any image covers the model’s size with one side to spare, and the cut lies in its centre', () => {
  const size = fc.integer({ min: 1, max: 30_000 });
  fc.assert(
    fc.property(size, size, fc.constantFrom(square, spec), (width, height, box) => {
      const cut = cutCovering(width, height, box);
      expect(cut.width >= box.width && cut.height >= box.height).toBe(true);
      expect(cut.width === box.width || cut.height === box.height).toBe(true);
      for (const rest of [cut.width - box.width - 2 * cut.left, cut.height - box.height - 2 * cut.top]) expect([0, 1]).toContain(rest);
    }),
  );
});
