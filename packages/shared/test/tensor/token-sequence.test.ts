import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTokenSequence, type ExpectedDims, encodeTokenSequence, unpackTokens } from '../../src/tensor/token-sequence.js';

const dims: ExpectedDims = { width: 4, embeddingWidth: 3, maxCount: 6 };
const sample = (count = 2) =>
  encodeTokenSequence(
    Float32Array.from({ length: count * 4 }, (_, at) => at / 8 - 1),
    count,
    4,
    Float32Array.of(0.1, 0.2, 0.3),
  );

describe('a stored token sequence', () => {
  it('comes back with its tokens in fp16 and its embedding as it was', () => {
    const sequence = decodeTokenSequence(sample(), dims);
    expect(sequence).toMatchObject({ count: 2, width: 4, embedding: Float32Array.of(0.1, 0.2, 0.3) });
    const tokens = new Float32Array(8);
    unpackTokens(sequence!, tokens, 0);
    expect([...tokens]).toEqual(Array.from({ length: 8 }, (_, at) => at / 8 - 1));
  });

  it('holds the real tokens only, two bytes a value', () => {
    const padded = new Float32Array(6 * 4).fill(1);
    expect(encodeTokenSequence(padded, 2, 4, Float32Array.of(1, 2, 3))).toHaveLength(12 + 3 * 4 + 2 * 4 * 2);
  });

  it('can be read from anywhere in a larger buffer, as client libraries hand values out', () => {
    const value = sample();
    for (let offset = 0; offset < 5; offset++) {
      const pool = new Uint8Array(value.length + 8);
      pool.set(value, offset);
      const view = Buffer.from(pool.buffer, offset, value.length);
      expect(decodeTokenSequence(view, dims)).toEqual(decodeTokenSequence(value, dims));
    }
  });

  it('is as good as missing when it is not there or not of the expected dims', () => {
    expect(decodeTokenSequence(null, dims)).toBeUndefined();
    expect(decodeTokenSequence(sample(), { ...dims, width: 5 })).toBeUndefined();
    expect(decodeTokenSequence(sample(), { ...dims, embeddingWidth: 4 })).toBeUndefined();
    expect(decodeTokenSequence(sample(), { ...dims, maxCount: 1 })).toBeUndefined();
  });

  it('is as good as missing when it is cut, longer, or damaged in its header; never a crash', () => {
    const value = sample();
    for (let length = 0; length < value.length; length++) expect(decodeTokenSequence(value.subarray(0, length), dims)).toBeUndefined();
    expect(decodeTokenSequence(Uint8Array.from([...value, 0]), dims)).toBeUndefined();
    for (const at of [0, 1, 2, 4, 5, 6, 7, 8, 9]) {
      const damaged = value.slice();
      damaged[at]! ^= 0x40;
      expect(decodeTokenSequence(damaged, dims)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(() => decodeTokenSequence(bytes, dims)).not.toThrow();
      }),
    );
  });
});
