import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWatermark } from '../../src/stream/watermark.js';

describe('a watermark', () => {
  it('is over from above the high mark until below the lower one', () => {
    const isOver = createWatermark(0.5);
    expect([5, 10, 11, 10, 6, 5, 4, 5, 10, 11].map((value) => isOver(value, 10))).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it('is never over what is not known', () => {
    const isOver = createWatermark(0.5);
    expect([11, null, 8].map((value) => isOver(value, 10))).toEqual([true, false, false]);
  });

  it('never flutters: between two changes the value has crossed from one mark to the other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1 }), (values) => {
        const isOver = createWatermark(0.5);
        let before = false;
        for (const value of values) {
          const after = isOver(value, 20);
          if (after && !before) expect(value).toBeGreaterThan(20);
          if (!after && before) expect(value).toBeLessThan(10);
          before = after;
        }
      }),
    );
  });
});
