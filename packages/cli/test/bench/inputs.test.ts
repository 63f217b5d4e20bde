import { describe, expect, it } from 'vitest';
import { randomIds, randomPixels, uniqueHash } from '../../src/bench/inputs.js';

const text = {
  tokenizer: 'tokenizer.json',
  contextLength: 32,
  vocabularySize: 100,
  beginTokenId: 98,
  endTokenId: 99,
  padTokenId: 97,
} as const;
const preprocess = { width: 6, height: 8, channels: 3, fit: 'contain', kernel: 'lanczos3', background: [255, 255, 255] } as const;

describe('bench inputs', () => {
  it('have the form of real ones', () => {
    const ids = randomIds(text, 5);
    expect([ids[0], ids.at(-1)]).toEqual([98, 99]);
    expect(ids.every((id) => id >= 0 && id < 100)).toBe(true);
    expect(randomPixels(preprocess, 1)).toHaveLength(6 * 8 * 3);
  });

  it('differ, so that no cache can answer', () => {
    expect(randomPixels(preprocess, 1)).not.toEqual(randomPixels(preprocess, 2));
    expect(new Set(Array.from({ length: 100 }, (_, i) => uniqueHash('image', i))).size).toBe(100);
  });
});
