import { describe, expect, it } from 'vitest';
import { ARTICLES, articleOf, COLOURS, colourOf, PATTERNS } from '../src/catalogue.js';
import { drawListings, recoloured, withFullTitle } from '../src/listing.js';

const listings = drawListings({ seed: 11, count: 2000 });
const namesColour = (title: string, label: string) => ` ${title} `.includes(` ${label} `);

describe('drawListings', () => {
  it('draws the same catalogue for the same seed, and its beginning for a smaller count', () => {
    expect(drawListings({ seed: 11, count: 300 })).toEqual(listings.slice(0, 300));
    expect(drawListings({ seed: 12, count: 300 })).not.toEqual(listings.slice(0, 300));
  });

  it('has at least 12 kinds of article, 12 colours and 4 patterns, each of them drawn', () => {
    const seen = (of: (listing: (typeof listings)[number]) => string) => new Set(listings.map(of));
    expect(seen((listing) => listing.truth.articleType).size).toBe(ARTICLES.length);
    expect(seen((listing) => listing.truth.baseColour).size).toBe(COLOURS.length);
    expect(seen((listing) => listing.pattern)).toEqual(new Set(PATTERNS));
    expect(ARTICLES.length).toBeGreaterThanOrEqual(12);
    expect(COLOURS.length).toBeGreaterThanOrEqual(12);
    expect(PATTERNS.length).toBeGreaterThanOrEqual(4);
  });

  it('gives every listing the labels of its article and an id of its own', () => {
    for (const { truth } of listings) {
      const { masterCategory, subCategory, genders, colours } = articleOf(truth.articleType);
      expect(truth).toMatchObject({ masterCategory, subCategory });
      expect(genders).toContain(truth.gender);
      expect(colours).toContain(truth.baseColour);
    }
    const others = drawListings({ seed: 12, count: 2000 });
    expect(new Set([...listings, ...others].map((listing) => listing.id)).size).toBe(4000);
  });
});

describe('titles', () => {
  it('name the colour and the article, but in a share of them one is left to the picture', () => {
    const share = (omits: string) => listings.filter((listing) => listing.titleOmits === omits).length / listings.length;
    expect(share('baseColour')).toBeGreaterThan(0.1);
    expect(share('articleType')).toBeGreaterThan(0.07);
    expect(share('none')).toBeGreaterThan(0.6);
    for (const { title, titleOmits, truth } of listings) {
      expect(namesColour(title, truth.baseColour)).toBe(titleOmits !== 'baseColour');
      const named = articleOf(truth.articleType).nouns.some((noun) => ` ${title} `.includes(` ${noun} `));
      expect(named).toBe(titleOmits !== 'articleType');
    }
  });

  it('never name a colour that is not the true one', () => {
    for (const { title, truth } of listings) {
      const named = COLOURS.filter((colour) => namesColour(title, colour.label)).map((colour) => colour.label);
      // "Navy Blue" also contains "Blue".
      for (const label of named) expect(truth.baseColour).toContain(label);
    }
  });

  it('use no word but those of the catalogue, so no brand can slip in', () => {
    const known = new Set([
      ...[
        'Men',
        'Women',
        'Unisex',
        "Men's",
        "Women's",
        'Solid',
        'Striped',
        'Stripes',
        'Checked',
        'Check',
        'Checks',
        'Dotted',
        'Dots',
        'Polka',
        'Dot',
      ],
      ...COLOURS.flatMap((colour) => colour.label.split(' ')),
      ...ARTICLES.flatMap((article) => [...article.nouns, ...article.extras].flatMap((words) => words.split(' '))),
    ]);
    for (const { title } of listings) for (const word of title.split(' ')) expect(known).toContain(word);
  });

  it('name the pattern of every listing that has one', () => {
    const words = { striped: /Stripe/, checked: /Check/, dotted: /Dot/ };
    for (const { title, pattern } of listings) {
      if (pattern === 'plain') expect(title).not.toMatch(/Stripe|Check|Dot/);
      else expect(title).toMatch(words[pattern]);
    }
  });
});

describe('a changed listing', () => {
  it('has another colour of the same article and says so in its title', () => {
    for (const listing of listings.slice(0, 200)) {
      const changed = recoloured(listing);
      expect(changed.truth.baseColour).not.toBe(listing.truth.baseColour);
      expect({ ...changed.truth, baseColour: '' }).toEqual({ ...listing.truth, baseColour: '' });
      expect(namesColour(changed.title, changed.truth.baseColour)).toBe(true);
      expect(withFullTitle(listing)).toMatchObject({ titleOmits: 'none', truth: listing.truth });
    }
  });
});

describe('look-ups', () => {
  it('refuse a label the catalogue does not have', () => {
    expect(() => colourOf('Ultraviolet')).toThrow(RangeError);
    expect(() => articleOf('Umbrellas')).toThrow(RangeError);
  });
});
