/**
 * IEEE 754 binary16 beside binary32, for arrays of token sequences: hundreds of millions of values a minute, so both ways go through tables.
 * Rounding is to nearest, ties to even, as in numpy and PyTorch.
 */

/** Per sign and exponent of a binary32: what the fraction is added to, by how much it is shifted, and its hidden bit if it needs one. */
const BASE = new Uint16Array(512);
const SHIFT = new Uint8Array(512);
const HIDDEN_BIT = new Uint32Array(512);
/** Binary32 bits of every binary16. */
const WIDE = new Uint32Array(65_536);

const FRACTION_BITS = 23;
const FRACTION_MASK = 0x7f_ffff;
const INFINITE_EXPONENT = 0xff;
const HALF_INFINITY = 0x7c00;
const QUIET_NAN_BIT = 0x0200;
/** Shifts any 24-bit fraction to nothing, rounding included. */
const VANISHES = 25;

for (let index = 0; index < 512; index++) {
  const sign = (index & 0x100) << 7;
  const exponent = (index & 0xff) - 127;
  if (exponent > 15) {
    // Too large, or infinite: a NaN is recognised by its exponent before this table is asked.
    BASE[index] = sign | HALF_INFINITY;
    SHIFT[index] = VANISHES;
  } else if (exponent >= -14) {
    BASE[index] = sign | ((exponent + 15) << 10);
    SHIFT[index] = 13;
  } else {
    // Subnormal in binary16, down to nothing below half of its smallest value.
    BASE[index] = sign;
    SHIFT[index] = Math.min(-1 - exponent, VANISHES);
    HIDDEN_BIT[index] = 1 << FRACTION_BITS;
  }
}

for (let half = 0; half < 65_536; half++) {
  WIDE[half] = widen(half);
}

function widen(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  let fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | (INFINITE_EXPONENT << FRACTION_BITS) | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << FRACTION_BITS) | (fraction << 13);
  if (fraction === 0) return sign;
  let shift = 0;
  for (; (fraction & 0x400) === 0; shift++) fraction <<= 1;
  return sign | ((113 - shift) << FRACTION_BITS) | ((fraction & 0x3ff) << 13);
}

/** Writes `source` as binary16 bits into `target`, both from their beginning. */
export function toHalf(source: Float32Array, target: Uint16Array): void {
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  for (let at = 0; at < bits.length; at++) {
    const value = bits[at] as number;
    const index = value >>> FRACTION_BITS;
    let fraction = value & FRACTION_MASK;
    if ((index & INFINITE_EXPONENT) === INFINITE_EXPONENT && fraction !== 0) {
      target[at] = ((index & 0x100) << 7) | HALF_INFINITY | QUIET_NAN_BIT;
      continue;
    }
    fraction |= HIDDEN_BIT[index] as number;
    const shift = SHIFT[index] as number;
    // Half of the last kept place, less one, plus that place's own bit: a tie goes up only from an odd value.
    const rounding = (1 << (shift - 1)) - 1 + ((fraction >>> shift) & 1);
    target[at] = (BASE[index] as number) + ((fraction + rounding) >>> shift);
  }
}

/** Writes the binary16 bits of `source` as numbers into `target`, from `offset` on. */
export function fromHalf(source: Uint16Array, target: Float32Array, offset = 0): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let at = 0; at < source.length; at++) {
    bits[offset + at] = WIDE[source[at] as number] as number;
  }
}
