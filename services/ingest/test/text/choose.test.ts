import { expect, test } from 'vitest';
import { carriedListing, chooseText, strip } from '../../src/text/choose.js';

const listing = { attributes: {}, images: [] };

test.each([
  [{ title: 'a' }, 'a'],
  [{ title: 'a', description: 'b' }, 'a'],
  [{ title: ' \t\n', description: ' b ' }, 'b'],
  [{ description: 'b' }, 'b'],
  [{ title: '', description: '' }, ''],
  [{}, ''],
])('of %j the text is %j', (texts, expected) => {
  expect(chooseText(texts)).toBe(expected);
});

test.each([
  ['\u001c\u001f\u0085a\u00a0\u3000', 'a'],
  ['\ufeffa\u200b', '\ufeffa\u200b'],
  ['a  b', 'a  b'],
  ['\u0000a', '\u0000a'],
])('%j is stripped as Python does', (text, expected) => {
  expect(strip(text)).toBe(expected);
});

test('a long run of blanks takes no time', () => {
  const started = performance.now();
  expect(strip(`${' '.repeat(1_000_000)}a${' '.repeat(1_000_000)}`)).toBe('a');
  expect(performance.now() - started).toBeLessThan(1000);
});

test('texts up to the limit are carried as they are, with all else', () => {
  const whole = { title: ' a ', description: 'é', attributes: { x: 'y' }, images: [{ uri: 'data:,' }], locale: 'en' };
  expect(carriedListing(whole, 3)).toEqual(whole);
  expect(carriedListing(listing, 3)).toEqual(listing);
});

test.each(['abcd', '  abcd', 'éé', '\u{1f457}', 'a'.repeat(100)])(
  '%j is carried just above the limit, so that it is refused again',
  (title) => {
    const carried = carriedListing({ ...listing, title }, 3).title ?? '';
    expect(Buffer.byteLength(chooseText({ title: carried }))).toBeGreaterThan(3);
    expect(carried.length).toBeLessThanOrEqual(4);
  },
);

test('an event that was laid out for its own type keeps nothing but the listing', () => {
  expect(carriedListing({ ...listing, productId: 'p' } as typeof listing, 3)).toEqual(listing);
});
