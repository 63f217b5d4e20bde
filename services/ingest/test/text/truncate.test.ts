import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodeTruncated } from '../../src/text/truncate.js';

const BEGIN = 1;
const END = 2;

/** One id a word, as its first character's code, plus one for every further ten characters. */
function encodeWords(text: string): number[] {
  const words = text.match(/\s*\S+/g) ?? [];
  return [BEGIN, ...words.flatMap((word) => Array<number>(Math.ceil(word.length / 10)).fill(word.trim().charCodeAt(0))), END];
}

const truncateWhole = (text: string, length: number) => {
  const ids = encodeWords(text);
  return ids.length <= length ? ids : [...ids.slice(0, length - 1), END];
};

test('a short text keeps all its ids', () => {
  expect(encodeTruncated(encodeWords, 'a b c', 5, END)).toEqual([BEGIN, 97, 98, 99, END]);
});

test('a long text keeps the end token', () => {
  expect(encodeTruncated(encodeWords, 'a b c d', 5, END)).toEqual([BEGIN, 97, 98, 99, END]);
});

test('no more of a text is encoded than is needed', () => {
  let longest = 0;
  const encode = (text: string) => {
    longest = Math.max(longest, text.length);
    return encodeWords(text);
  };
  encodeTruncated(encode, 'word '.repeat(100_000), 20, END);
  expect(longest).toBeLessThan(1000);
});

test('a text without white space is cut between characters', () => {
  const parts: string[] = [];
  const encode = (text: string) => {
    parts.push(text);
    return encodeWords(text);
  };
  encodeTruncated(encode, '\u{1f457}'.repeat(5000), 4, END);
  for (const part of parts) expect(Buffer.from(part).toString()).toBe(part);
});

test('the ids are those of the whole text', () => {
  const word = fc.string({ minLength: 0, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 300 }), fc.integer({ min: 2, max: 30 }), (words, length) => {
      const text = words.join(' ');
      expect(encodeTruncated(encodeWords, text, length, END)).toEqual(truncateWhole(text, length));
    }),
  );
});
