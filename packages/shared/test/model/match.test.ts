import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MatchSpec } from '../../src/bundle/manifest.js';
import { bestImage, judgeMatch } from '../../src/model/match.js';
import { cosine } from '../../src/tensor/math.js';

const of = (...values: number[]) => ({ embedding: Float32Array.from(values) });
const spec = (threshold: number): MatchSpec => ({ threshold, falseAlarms: 0.005, found: 0.9, foundAt2Percent: 0.95, auroc: 0.99 });
const embedding = fc
  .array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
  .map((values) => ({ embedding: Float32Array.from(values) }));

describe('judgeMatch', () => {
  it('takes a text for another listing’s below the threshold, and at it no longer', () => {
    const [image, near, far] = [of(1, 0), of(1, 0.5), of(-1, 0)];
    const atThreshold = cosine(image.embedding, near.embedding);
    expect(judgeMatch(image, near, spec(atThreshold))).toEqual({ imageTextMatch: atThreshold, mismatched: false });
    expect(judgeMatch(image, near, spec(atThreshold + 1e-6))).toMatchObject({ mismatched: true });
    expect(judgeMatch(image, far, spec(0))).toEqual({ imageTextMatch: -1, mismatched: true });
  });

  it('has nothing to compare where a modality is missing', () => {
    for (const [image, text] of [[of(1)], [undefined, of(1)], []]) expect(judgeMatch(image, text, spec(1))).toEqual({ mismatched: false });
  });

  it('finds nothing by a bundle without a threshold', () => {
    fc.assert(fc.property(embedding, embedding, (image, text) => !judgeMatch(image, text, undefined).mismatched));
  });

  it('finds the more, the higher the threshold is', () => {
    const share = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(embedding, embedding, share, share, (image, text, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        return !judgeMatch(image, text, spec(low)).mismatched || judgeMatch(image, text, spec(high)).mismatched;
      }),
    );
  });
});

describe('bestImage', () => {
  it('prefers none of the images where there is no text, and of equals the first', () => {
    expect(bestImage([of(0), of(1)], undefined)).toBe(0);
    expect(bestImage([], undefined)).toBe(-1);
    expect(bestImage([], of(1))).toBe(-1);
    expect(bestImage([of(0, 1), of(1, 0), of(2, 0)], of(1, 0))).toBe(1);
  });

  it('never prefers an embedding that is not finite', () => {
    expect(bestImage([of(Number.NaN, 0), of(-1, 0)], of(1, 0))).toBe(1);
    expect(bestImage([of(Number.NaN, 0)], of(1, 0))).toBe(0);
  });

  it('chooses an image that none fits better, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(embedding, { minLength: 1, maxLength: 6 }), embedding, (images, text) => {
        const best = cosine(images[bestImage(images, text)]!.embedding, text.embedding);
        expect(Math.max(...images.map((image) => cosine(image.embedding, text.embedding)))).toBe(best);
        const reversed = images.toReversed();
        expect(cosine(reversed[bestImage(reversed, text)]!.embedding, text.embedding)).toBe(best);
      }),
    );
  });

  it('chooses an image that is judged at least as well as the first', () => {
    fc.assert(
      fc.property(fc.array(embedding, { minLength: 1, maxLength: 6 }), embedding, (images, text) => {
        const chosen = judgeMatch(images[bestImage(images, text)], text, spec(0.2));
        return !chosen.mismatched || judgeMatch(images[0], text, spec(0.2)).mismatched;
      }),
    );
  });
});
