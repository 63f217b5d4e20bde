import { expect, test } from 'vitest';
import { parseLabelSet } from '../../src/zero-shot/label-set.js';
import { refuseTwins } from '../../src/zero-shot/twins.js';

/** A tokeniser that knows no capital letters and reads five characters. */
const tokenIds = (name: string) => Array.from(name.toLowerCase().slice(0, 5), (character) => character.charCodeAt(0));
const check = (text: string) => refuseTwins(parseLabelSet(text, 'labels.txt').entries, tokenIds);

test.each([
  ['Shirt\nDress\nshirt', 'The labels "Shirt" and "shirt" are the same to the encoder.'],
  ['trousers\ntrouser suit', 'The labels "trousers" and "trouser suit" are the same to the encoder.'],
  ['A > Shirt\nA > SHIRT', 'The labels "A > Shirt" and "A > SHIRT" are the same to the encoder.'],
])('%j is refused', (text, message) => {
  expect(() => check(text)).toThrow(expect.objectContaining({ code: 'SOURCE_INVALID', message }));
});

test('the same name in two places of a taxonomy is no twin', () => {
  expect(() => check('Men > Shirts\nWomen > Shirts')).not.toThrow();
});
