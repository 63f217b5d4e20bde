import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTitles } from '../../src/model/caption-titles.js';

const decoding = { beginTokenId: 0, endTokenId: 1, maxTokens: 4, temperature: 1, minConfidence: 0 };
const vocabulary = ['', '', 'Red', ' Shirt', ' Shoe'];
/** Logits that make one token as likely as is said. */
const likely = (token: number, probability: number) =>
  vocabulary.map((_, at) => Math.log(at === token ? probability : (1 - probability) / (vocabulary.length - 1)));

describe('titles', () => {
  it('grow greedily from the begin to the end token, and are trimmed', () => {
    const titles = createTitles(2, decoding, vocabulary);
    expect(titles.last()).toEqual([0, 0]);
    titles.add(Float32Array.from([...likely(2, 0.9), ...likely(4, 0.8)]));
    expect(titles.last()).toEqual([2, 4]);
    titles.add(Float32Array.from([...likely(3, 0.5), ...likely(1, 0.6)]));
    expect(titles.last()).toEqual([3, 1]);
    expect(titles.open()).toBe(true);
    titles.add(Float32Array.from([...likely(1, 0.7), ...likely(2, 1)]));
    expect(titles.open()).toBe(false);
    const [first, second] = titles.captions();
    expect(first).toMatchObject({ kind: 'title', text: 'Red Shirt', tokenConfidence: expect.closeTo(0.7, 5) });
    expect(second).toMatchObject({ kind: 'title', text: 'Shoe', tokenConfidence: expect.closeTo(0.7, 5) });
  });

  it('end at the most tokens', () => {
    const titles = createTitles(1, decoding, vocabulary);
    for (let step = 0; step < 4; step++) {
      expect(titles.open()).toBe(true);
      titles.add(Float32Array.from(likely(3, 0.9)));
    }
    expect(titles.open()).toBe(false);
    expect(titles.captions()).toMatchObject([{ text: 'Shirt Shirt Shirt Shirt' }]);
  });

  it('are not proposed below the least confidence, nor when they are empty', () => {
    const titles = createTitles(3, { ...decoding, minConfidence: 0.5 }, vocabulary);
    titles.add(Float32Array.from([...likely(2, 0.45), ...likely(1, 0.9), ...likely(2, 0.9)]));
    titles.add(Float32Array.from([...likely(1, 0.45), ...likely(1, 0.9), ...likely(1, 0.9)]));
    expect(titles.captions().map(({ kind }) => kind)).toEqual(['unsure', 'unsure', 'title']);
  });

  it('take the temperature into the confidence, not into the choice', () => {
    const cold = createTitles(1, { ...decoding, temperature: 2 }, vocabulary);
    cold.add(Float32Array.from(likely(2, 0.6)));
    cold.add(Float32Array.from(likely(1, 0.6)));
    const [caption] = cold.captions();
    expect(caption).toMatchObject({ text: 'Red' });
    expect(caption?.kind === 'title' && caption.tokenConfidence).toBeLessThan(0.5);
  });

  it('fail alone where logits are not finite', () => {
    const titles = createTitles(2, decoding, vocabulary);
    titles.add(Float32Array.from([...likely(2, 0.9).with(4, Number.NaN), ...likely(2, 0.9)]));
    titles.add(Float32Array.from([...likely(1, 0.9), ...likely(1, 0.9)]));
    expect(titles.captions().map(({ kind }) => kind)).toEqual(['notFinite', 'title']);
  });

  it('always end, with a confidence within 0..1', () => {
    const logit = fc.oneof(
      { weight: 30, arbitrary: fc.float({ min: -50, max: 50, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
    );
    const step = fc.array(logit, { minLength: vocabulary.length * 3, maxLength: vocabulary.length * 3 });
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 4 }), (steps) => {
        const titles = createTitles(3, decoding, vocabulary);
        for (const logits of steps) titles.add(Float32Array.from(logits));
        expect(titles.open()).toBe(false);
        for (const caption of titles.captions()) {
          if (caption.kind !== 'title') continue;
          expect(caption.tokenConfidence).toBeGreaterThan(0);
          expect(caption.tokenConfidence).toBeLessThanOrEqual(1);
          expect(caption.text).toBe(caption.text.trim());
        }
      }),
    );
  });
});
