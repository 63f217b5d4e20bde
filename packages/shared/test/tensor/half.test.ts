import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../src/tensor/half.js';

const half = (value: number): number => {
  const out = new Uint16Array(1);
  toHalf(Float32Array.of(value), out);
  return out[0]!;
};
const wide = (bits: number): number => {
  const out = new Float32Array(1);
  fromHalf(Uint16Array.of(bits), out);
  return out[0]!;
};

/** The value of binary16 bits, straight from the definition. */
function defined(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The next values of the same sign, where there are finite ones. */
const neighbours = (bits: number) =>
  [bits - 1, bits + 1].filter((other) => other >= 0 && (other & 0x8000) === (bits & 0x8000) && Number.isFinite(defined(other)));

describe('binary16', () => {
  const all = Array.from({ length: 65_536 }, (_, bits) => bits);

  it('widens every one of the 65,536 values exactly', () => {
    expect(all.filter((bits) => !Object.is(wide(bits), defined(bits)))).toEqual([]);
  });

  it('gives every value back that it can hold', () => {
    const numbers = all.filter((bits) => !Number.isNaN(defined(bits)));
    expect(numbers.filter((bits) => half(wide(bits)) !== bits)).toEqual([]);
  });

  it('rounds to the nearest value, and a tie to the even one', () => {
    const finite = fc.oneof(
      fc.float({ noNaN: true, min: -65_504, max: 65_504 }),
      fc.float({ noNaN: true, min: -Math.fround(2 ** -13), max: Math.fround(2 ** -13) }),
    );
    fc.assert(
      fc.property(finite, (value) => {
        const bits = half(value);
        const distance = Math.abs(defined(bits) - value);
        for (const neighbour of neighbours(bits)) {
          const other = Math.abs(defined(neighbour) - value);
          expect(distance).toBeLessThanOrEqual(other);
          if (distance === other) expect(bits & 1).toBe(0);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [2048 + 1, 2048],
    [2048 + 3, 2052],
    [65_519.99, 65_504],
    [65_520, Number.POSITIVE_INFINITY],
    [1e30, Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [2 ** -24, 2 ** -24],
    [2 ** -25, 0],
    [2 ** -25 * 1.001, 2 ** -24],
    [2 ** -14 - 2 ** -25, 2 ** -14],
    [1e-30, 0],
    [-0, -0],
  ])('keeps %d as %d', (value, expected) => {
    expect(Object.is(wide(half(value)), expected)).toBe(true);
  });

  it('keeps NaN, whatever its payload', () => {
    const odd = new Float32Array(Uint32Array.of(0x7f80_0001, 0xffff_ffff).buffer);
    const bits = new Uint16Array(2);
    toHalf(odd, bits);
    expect([...bits].map((each) => Number.isNaN(wide(each)))).toEqual([true, true]);
  });

  it('writes from the given place on and leaves the rest', () => {
    const target = new Float32Array(4).fill(9);
    fromHalf(Uint16Array.of(half(1), half(2)), target, 1);
    expect([...target]).toEqual([9, 1, 2, 9]);
  });
});
