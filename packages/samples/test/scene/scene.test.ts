import { describe, expect, it } from 'vitest';
import { ARTICLES, PATTERNS } from '../../src/catalogue.js';
import { drawListings } from '../../src/listing.js';
import { sceneSvg } from '../../src/scene/scene.js';

const listings = drawListings({ seed: 5, count: ARTICLES.length * 2 });

describe('sceneSvg', () => {
  it('draws the same document for the same listing and another one for another seed', () => {
    const [listing] = listings;
    expect(sceneSvg(listing!)).toBe(sceneSvg({ ...listing! }));
    expect(sceneSvg(listing!)).not.toBe(sceneSvg({ ...listing!, sceneSeed: listing!.sceneSeed + 1 }));
  });

  it('has a silhouette for every article, with no number gone wrong', () => {
    for (const listing of listings) expect(sceneSvg(listing)).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('draws every pattern and every gender differently where the article has them', () => {
    const shirt = listings.find((listing) => listing.truth.articleType === 'Shirts')!;
    expect(new Set(PATTERNS.map((pattern) => sceneSvg({ ...shirt, pattern }))).size).toBe(PATTERNS.length);
    for (const { articleType, genders } of ARTICLES) {
      const listing = listings.find((each) => each.truth.articleType === articleType)!;
      const drawings = genders.map((gender) => sceneSvg({ ...listing, truth: { ...listing.truth, gender } }));
      expect(new Set(drawings).size).toBe(genders.length);
    }
  });

  it('refuses an article it cannot draw', () => {
    const [listing] = listings;
    expect(() => sceneSvg({ ...listing!, truth: { ...listing!.truth, articleType: 'Umbrellas' } })).toThrow(RangeError);
  });
});
