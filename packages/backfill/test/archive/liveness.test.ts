import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ENCODER_ID, encodedListing, sequenceOf } from '../../../shared/test/archive/fixtures.js';
import { type Marks, neededSequences, newestListings } from '../../src/archive/liveness.js';
import { viewArchive } from '../../src/archive/view.js';
import { createArchive } from './build.js';

const listing = fc.record({
  id: fc.constantFrom('p1', 'p2', 'p3', 'p4'),
  version: fc.integer({ min: 0, max: 3 }),
  revision: fc.integer({ min: 0, max: 2 }),
  picture: fc.constantFrom('a', 'b', 'c', 'd'),
  op: fc.constantFrom('UPSERT' as const, 'UPSERT' as const, 'DELETE' as const),
});
const object = fc.record({
  pictures: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
  listings: fc.array(listing, { maxLength: 5 }),
});

type ObjectModel = {
  pictures: string[];
  listings: { id: string; version: number; revision: number; picture: string; op: 'UPSERT' | 'DELETE' }[];
};

/** What has to be marked, as `object:record`. */
function expected(objects: readonly ObjectModel[]) {
  const newest = new Map<string, ObjectModel['listings'][0] & { at: string }>();
  const last = new Map<string, string>();
  for (const [o, { pictures, listings }] of objects.entries()) {
    for (const [s, picture] of pictures.entries()) last.set(picture, `${o}:${s}`);
    for (const [l, each] of listings.entries()) {
      const before = newest.get(each.id) ?? { version: -1, revision: 0 };
      const isNewer = each.version === before.version ? each.revision >= before.revision : each.version > before.version;
      if (isNewer) newest.set(each.id, { ...each, at: `${o}:${l}` });
    }
  }
  const needed = new Set([...newest.values()].filter(({ op }) => op === 'UPSERT').map(({ picture }) => picture));
  return {
    listings: [...newest.values()].map(({ at }) => at).sort(),
    sequences: [...last].flatMap(([picture, at]) => (needed.has(picture) ? [at] : [])).sort(),
  };
}

const marksOf = (marks: Marks, counts: readonly number[]) =>
  counts.flatMap((count, o) => Array.from({ length: count }, (_, at) => at).flatMap((at) => (marks.has(o, at) ? [`${o}:${at}`] : [])));

it('the newest record of a product and the last sequence that is needed are marked, however few keys fit the memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(object, { maxLength: 5 }), fc.constantFrom(1, 3, 1000), async (objects, maxKeys) => {
      const archive = createArchive();
      for (const { pictures, listings } of objects) {
        await archive.add({
          sequences: pictures.map((picture) => sequenceOf('image', picture)),
          listings: listings.map(({ id, picture, ...head }) => encodedListing(id, { picture }, head)),
        });
      }
      const view = await viewArchive(ENCODER_ID, archive.deps);
      const newest = await newestListings(view, { maxKeys });
      const needed = await neededSequences(view, newest, { maxKeys });
      const listings = marksOf(
        newest,
        objects.map((each) => each.listings.length),
      );
      const sequences = marksOf(
        needed,
        objects.map(({ pictures }) => pictures.length),
      );
      expect({ listings, sequences }).toEqual(expected(objects));
      expect(objects.map((_, o) => newest.count(o)).reduce((sum, count) => sum + count, 0)).toBe(listings.length);
    }),
    { numRuns: 60 },
  );
});
