import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWalk } from '../../src/model/walk.js';

const taxonomy = (...lines: string[]) => ({ labels: lines, paths: Object.fromEntries(lines.map((line) => [line, line.split('/')])) });
const scoresOf = (...values: number[]) => Float32Array.from(values);

/** Two branches, one deep and one wide. */
const SHOP = taxonomy('A', 'A/A1', 'A/A1/x', 'A/A1/y', 'B', 'B/B1', 'B/B2', 'B/B3', 'B/B4');
const at = (label: string) => SHOP.labels.indexOf(label);

/** One category stands out. */
const inFavourOf = (label: string, score = 20) => Float32Array.from(SHOP.labels, (each) => (each === label ? score : 0));

describe('createWalk', () => {
  it('finds the category that stands out, however deep it lies', () => {
    const walk = createWalk(SHOP, 2);
    for (const label of ['A/A1/x', 'A/A1/y', 'B/B2']) {
      const { index, confidence, reached } = walk(inFavourOf(label), 1, 0.5);
      expect({ label: SHOP.labels[index], reached }).toEqual({ label, reached: true });
      expect(confidence).toBeGreaterThan(0.99);
    }
  });

  it('goes down as far as the confidence reaches the threshold', () => {
    const walk = createWalk(SHOP, 2);
    const scores = scoresOf(0, 0, 6, 5, 0, 0, 0, 0, 0);
    const labels = [0.9, 0.6, 0].map((threshold) => SHOP.labels[walk(scores, 1, threshold).index]);
    expect(labels).toEqual(['A/A1', 'A/A1/x', 'A/A1/x']);
    expect(walk(scores, 1, 1)).toMatchObject({ index: at('A'), reached: false });
    expect(walk(scores, 1, null)).toMatchObject({ index: at('A'), reached: false });
  });

  it('is less sure at a higher temperature', () => {
    const walk = createWalk(SHOP, 2);
    const confidence = (temperature: number) => walk(inFavourOf('A/A1/x', 5), temperature, 0).confidence;
    expect(confidence(2)).toBeLessThan(confidence(1));
  });

  it('gives a branch no advantage for its number of categories', () => {
    const even = createWalk(SHOP, 9)(new Float64Array(SHOP.labels.length), 1, 0);
    const confidence = new Map(even.ends.map((end) => [SHOP.labels[end.index], end.confidence]));
    expect(confidence.get('A/A1/x')).toBeCloseTo(1 / 4);
    expect(confidence.get('B/B1')).toBeCloseTo(1 / 8);
  });

  it('finds with a beam what looks worse than its neighbours at first', () => {
    // A has nothing but one good category below it; B is better throughout.
    const labels = taxonomy('A', 'A/a', 'A/b', 'A/c', 'A/d', 'B', 'B/a', 'B/b');
    const scores = scoresOf(0, 4, 0, 0, 0, 3, 3, 3);
    const found = (beam: number) => labels.labels[createWalk(labels, beam)(scores, 1, 0).index];
    expect([found(1), found(2)]).toEqual(['B/a', 'A/a']);
  });

  it('stays finite when a branch is out of the question', () => {
    const { confidence, ends } = createWalk(SHOP, 9)(inFavourOf('A/A1/x', 5000), 1, 0);
    expect(confidence).toBe(1);
    for (const end of ends) expect(Number.isFinite(end.confidence)).toBe(true);
  });

  const scores = fc.array(fc.double({ min: -60, max: 60, noNaN: true }), {
    minLength: SHOP.labels.length,
    maxLength: SHOP.labels.length,
  });

  it('shares one whole among the ends of all paths', () => {
    fc.assert(
      fc.property(scores, (values) => {
        const { ends } = createWalk(SHOP, SHOP.labels.length)(values, 1, 0);
        expect(ends.map(({ index }) => SHOP.labels[index]).sort()).toEqual(['A/A1/x', 'A/A1/y', 'B/B1', 'B/B2', 'B/B3', 'B/B4']);
        expect(ends.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('answers a higher threshold with a category on the same path, not further down', () => {
    const within = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(scores, within, within, (values, a, b) => {
        const walk = createWalk(SHOP, 3);
        const label = (threshold: number) => SHOP.labels[walk(values, 1, threshold).index] ?? '';
        expect(label(Math.min(a, b)).startsWith(label(Math.max(a, b)))).toBe(true);
      }),
    );
  });
});
