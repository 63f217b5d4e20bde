import { describe, expect, it } from 'vitest';
import { ATTRIBUTE_TABLE, ATTRIBUTES, drawAttributeListings, MENTION_SHARES } from '../../src/attributes/attribute-set.js';
import { PATTERNS, STYLES } from '../../src/catalogue.js';
import { sceneSvg } from '../../src/scene/scene.js';

const listings = drawAttributeListings({ seed: 3, count: 3000 });
const PATTERN_WORDS = /Plain|Solid|Strip|Check|Dot/;

describe('drawAttributeListings', () => {
  it('draws the same listings for a seed, whatever the count', () => {
    expect(drawAttributeListings({ seed: 3, count: 5 })).toEqual(listings.slice(0, 5));
    expect(drawAttributeListings({ seed: 4, count: 5 })).not.toEqual(listings.slice(0, 5));
  });

  it('tells the colour often, the pattern sometimes and the style hardly ever, and always truly', () => {
    const share = (says: (listing: (typeof listings)[number]) => boolean) => listings.filter(says).length / listings.length;
    expect(share(({ title, truth }) => title.includes(truth.baseColour))).toBeCloseTo(MENTION_SHARES.colour, 1);
    expect(share(({ title }) => PATTERN_WORDS.test(title))).toBeCloseTo(MENTION_SHARES.pattern, 1);
    expect(share(({ title }) => STYLES.some((style) => title.includes(style)))).toBeCloseTo(MENTION_SHARES.style, 1);
    for (const { title, style } of listings) {
      for (const other of STYLES) if (title.includes(other)) expect(other).toBe(style);
    }
  });

  it('has every pattern and style, and no two of the three depend on each other', () => {
    for (const pattern of PATTERNS) {
      for (const style of STYLES) {
        const both = listings.filter((listing) => listing.pattern === pattern && listing.style === style).length;
        expect(both / listings.length).toBeCloseTo(1 / (PATTERNS.length * STYLES.length), 1);
      }
    }
  });

  it('shows each style in the picture, and nothing of what the title says', () => {
    const [listing] = listings;
    expect(new Set(STYLES.map((style) => sceneSvg({ ...listing!, style }))).size).toBe(STYLES.length);
    expect(sceneSvg({ ...listing!, title: 'other' })).toBe(sceneSvg(listing!));
  });

  it('stands in a table whose tasks are named', () => {
    expect(ATTRIBUTE_TABLE.tasks).toEqual(ATTRIBUTES);
    expect(ATTRIBUTE_TABLE.header).toBe('id,title,colour,pattern,style,split');
    const rows = listings.map((listing) => ATTRIBUTE_TABLE.row(listing).split(','));
    expect(rows[0]).toHaveLength(6);
    const val = rows.filter((row) => row[5] === 'val').length / rows.length;
    expect(val).toBeGreaterThan(0.2);
    expect(val).toBeLessThan(0.3);
  });
});
