import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeContained } from '../../src/image/placement.js';

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
