import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrationError, type Judged, macroF1, measure, recallAtPrecision } from '../../src/evaluate/metrics.js';

const row = (truth: string, label: string, confidence = 0.9, abstained = false): Judged => ({ truth, label, confidence, abstained });

const anyRow = fc.record({
  truth: fc.constantFrom('a', 'b', 'c'),
  label: fc.constantFrom('a', 'b', 'c'),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  abstained: fc.boolean(),
});

describe('macro-F1', () => {
  it('weighs every label that occurs as truth alike', () => {
    // a: TP 3, FP 1, FN 0 → 6/7; b: TP 0, FN 1 → 0.
    expect(macroF1([row('a', 'a'), row('a', 'a'), row('a', 'a'), row('b', 'a')])).toBeCloseTo(6 / 14);
  });
});

describe('recall at a precision', () => {
  it('accepts answers from the most confident down, as long as enough of them are right', () => {
    const rows = [row('a', 'a', 0.9), row('a', 'a', 0.8), row('a', 'b', 0.7), row('a', 'a', 0.6)];
    expect(recallAtPrecision(rows, 0.9)).toBe(0.5);
    expect(recallAtPrecision(rows, 0.75)).toBe(0.75);
  });

  it('takes answers of equal confidence together, so that their order cannot matter', () => {
    const rows = [row('a', 'a', 0.5), row('a', 'b', 0.5)];
    expect(recallAtPrecision(rows, 0.9)).toBe(0);
    expect(recallAtPrecision(rows.toReversed(), 0.9)).toBe(0);
  });

  it('is the accuracy when everything may be accepted', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1 }), (rows) => {
        expect(recallAtPrecision(rows, 0)).toBeCloseTo(rows.filter((r) => r.truth === r.label).length / rows.length);
      }),
    );
  });
});

describe('expected calibration error', () => {
  it('is the gap between confidence and accuracy', () => {
    expect(calibrationError([row('a', 'a', 0.8), row('a', 'b', 0.8)], 15)).toBeCloseTo(0.3);
  });

  it('is nothing for a model that is right as often as it says, and takes confidence 1', () => {
    expect(calibrationError([row('a', 'a', 1), row('b', 'b', 1)], 15)).toBe(0);
  });
});

describe('measure', () => {
  it('says how much is answered and how right the answers are', () => {
    const metrics = measure([row('a', 'a'), row('a', 'b', 0.2, true), row('b', 'b'), row('b', 'a')]);
    expect(metrics).toMatchObject({ count: 4, accuracy: 0.5, coverage: 0.75 });
    expect(metrics.precisionWhenAnswered).toBeCloseTo(2 / 3);
  });

  it('invents nothing for a task without truth', () => {
    expect(measure([])).toMatchObject({ count: 0, accuracy: null, recallAt90Precision: null, precisionWhenAnswered: null });
  });

  it('stays within 0 and 1', () => {
    fc.assert(
      fc.property(fc.array(anyRow, { minLength: 1 }), (rows) => {
        for (const value of Object.values(measure(rows)).slice(1)) {
          if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
        }
      }),
    );
  });
});
