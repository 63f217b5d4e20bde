import { describe, expect, it } from 'vitest';
import { splitWords } from '../../src/explain/words.js';

/** A begin and an end token, and one token for every two letters of a word. */
const count = (contextLength: number) => (text: string) =>
  Math.min(
    contextLength,
    text
      .split(/\s+/)
      .filter((word) => word !== '')
      .reduce((sum, word) => sum + Math.ceil(word.length / 2), 2),
  );

describe('splitWords', () => {
  it('gives each word the tokens it is read as, the begin token left out', () => {
    expect(splitWords('Nike Men  T-shirt', count(32))).toEqual([
      { word: 'Nike', from: 1, to: 3 },
      { word: 'Men', from: 3, to: 5 },
      { word: 'T-shirt', from: 5, to: 9 },
    ]);
  });

  it('gives a word that the cut goes through what is left of it, and none to those behind it', () => {
    expect(splitWords('abcd efghij kl', count(6))).toEqual([
      { word: 'abcd', from: 1, to: 3 },
      { word: 'efghij', from: 3, to: 5 },
      { word: 'kl', from: 5, to: 5 },
    ]);
  });

  it('finds no word in blanks', () => {
    expect(splitWords(' \n', count(32))).toEqual([]);
  });
});
