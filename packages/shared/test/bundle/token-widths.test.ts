import { expect, test } from 'vitest';
import { describeWidths, tokenWidths } from '../../src/bundle/token-widths.js';

test.each([
  [8, { image: 8, text: 8 }, '8'],
  [{ image: 768, text: 512 }, { image: 768, text: 512 }, '768 (image) and 512 (text)'],
  [{ image: 5, text: 5 }, { image: 5, text: 5 }, '5'],
])('%j', (written, widths, words) => {
  expect(tokenWidths(written)).toEqual(widths);
  expect(describeWidths(tokenWidths(written))).toBe(words);
});
