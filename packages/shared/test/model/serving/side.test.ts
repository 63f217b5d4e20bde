import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isInCanary } from '../../../src/model/serving/side.js';

it('answers the same for a product every time, and a larger percentage only adds products', () => {
  const percent = fc.double({ min: 0, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.string(), percent, percent, (id, a, b) => {
      expect(isInCanary(id, a)).toBe(isInCanary(id, a));
      if (isInCanary(id, Math.min(a, b))) expect(isInCanary(id, Math.max(a, b))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

it.each([1, 5, 25, 60])('takes about %i percent of the products, however alike their ids are', (percent) => {
  for (const prefix of ['', 'sku-', 'ü/']) {
    const ids = Array.from({ length: 20_000 }, (_, at) => `${prefix}${at}`);
    const share = ids.filter((id) => isInCanary(id, percent)).length / ids.length;
    expect(share * 100).toBeGreaterThan(percent * 0.85);
    expect(share * 100).toBeLessThan(percent * 1.15);
  }
});

it('takes all at 100 percent and none at 0', () => {
  const ids = Array.from({ length: 1000 }, (_, at) => `p${at}`);
  expect(ids.every((id) => isInCanary(id, 100))).toBe(true);
  expect(ids.some((id) => isInCanary(id, 0))).toBe(false);
});

it('does not change from version to version, or products would change sides with a roll-out', () => {
  const taken = Array.from({ length: 60 }, (_, at) => `p${at}`).filter((id) => isInCanary(id, 10));
  expect(taken).toMatchInlineSnapshot(`
    [
      "p3",
      "p13",
      "p36",
      "p59",
    ]
  `);
});
