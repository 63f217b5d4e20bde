import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allFinite, cosine, softmax } from '../../src/tensor/math.js';

const vector = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e4, max: 1e4 }), { minLength: 1, maxLength: 20 });

describe('softmax', () => {
  it('is a distribution whose order is that of the logits', () => {
    fc.assert(
      fc.property(vector, fc.double({ min: 0.05, max: 20, noNaN: true }), (logits, temperature) => {
        const probabilities = softmax(logits, temperature);
        expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        const best = logits.indexOf(Math.max(...logits));
        expect(probabilities[best]).toBe(Math.max(...probabilities));
      }),
    );
  });

  it('is flatter the higher the temperature', () => {
    expect(softmax([3, 1], 1)[0]).toBeGreaterThan(softmax([3, 1], 2)[0]!);
    expect(softmax([3, 1], 1)[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });
});

describe('cosine', () => {
  it('is within -1..1, 1 with itself and 0 where there is no length', () => {
    fc.assert(
      fc.property(vector, (values) => {
        const a = Float32Array.from(values);
        const b = a.map((value, at) => value + at);
        expect(Math.abs(cosine(a, b))).toBeLessThanOrEqual(1);
        if (a.some((value) => Math.abs(value) > 1e-3)) expect(cosine(a, a)).toBeCloseTo(1, 6);
      }),
    );
    expect(cosine(new Float32Array(3), Float32Array.of(1, 2, 3))).toBe(0);
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(0, 1))).toBe(0);
  });
});

describe('allFinite', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('sees a single %d', (odd) => {
    expect(allFinite(Float32Array.of(1, 2, odd, 4))).toBe(false);
  });

  it('takes large values for finite', () => {
    expect(allFinite(Float32Array.of(3.4e38, 3.4e38, -3.4e38))).toBe(true);
    expect(allFinite(new Float32Array(0))).toBe(true);
  });
});
