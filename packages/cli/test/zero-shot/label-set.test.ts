import { describe, expect, test } from 'vitest';
import { MAX_LABELS, parseLabelSet } from '../../src/zero-shot/label-set.js';

const parse = (text: string) => parseLabelSet(text, 'labels.txt');
const lines = (count: number) => Array.from({ length: count }, (_, at) => `label ${at}`).join('\n');

describe('parseLabelSet', () => {
  test('takes one label a line, without blanks around it, comments and the byte order mark', () => {
    expect(parse('\uFEFF# shapes\r\n round \r\nsquare\r\n')).toEqual({
      isTaxonomy: false,
      entries: [
        { label: 'round', name: 'round' },
        { label: 'square', name: 'square' },
      ],
    });
  });

  test('takes paths as a taxonomy and adds the levels that have no line', () => {
    const { entries, isTaxonomy } = parse('Shoes\nClothing > Tops > Shirts\nClothing\n');
    expect(isTaxonomy).toBe(true);
    expect(entries).toEqual([
      { label: 'Shoes', name: 'Shoes', path: ['Shoes'] },
      { label: 'Clothing', name: 'Clothing', path: ['Clothing'] },
      { label: 'Clothing > Tops', name: 'Tops', path: ['Clothing', 'Tops'] },
      { label: 'Clothing > Tops > Shirts', name: 'Shirts', path: ['Clothing', 'Tops', 'Shirts'] },
    ]);
  });

  test('reads ids where every line has one', () => {
    expect(parse('1 - Animals\n3 - Animals > Birds').entries.map(({ id, label }) => [id, label])).toEqual([
      ['1', 'Animals'],
      ['3', 'Animals > Birds'],
    ]);
    expect(parse('7 - Eleven\nOther').entries.map(({ label }) => label)).toEqual(['7 - Eleven', 'Other']);
  });

  test.each([
    ['a repeated label', 'round\nsquare\nround\n', /^labels\.txt line 3 repeats "round" of line 1\.$/],
    ['an empty line', 'round\n\nsquare\n', /line 2 is empty/],
    ['an empty last line', 'round\nsquare\n\n', /line 3 is empty/],
    ['an empty file', '', /has to name two labels/],
    ['a single label', 'round\n', /has to name two labels/],
    ['100,000 labels', lines(100_000), /names 100000 labels; 20000 are the most/],
    ['a very long label', `round\n${'x'.repeat(301)}`, /line 2 is longer than 300 characters/],
    ['a level without a name', 'A > B\nA > > C', /line 2 has a level without a name/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'SOURCE_INVALID', message: expect.stringMatching(message) }));
  });

  test('takes as many labels as it says', () => {
    expect(parse(lines(MAX_LABELS)).entries).toHaveLength(MAX_LABELS);
  });
});
