import { describe, expect, it } from 'vitest';
import { ENCODER_ID, encodedListing, sequenceOf } from '../../../shared/test/archive/fixtures.js';
import { encodersIn, indexesOf, viewArchive } from '../../src/archive/view.js';
import { createArchive } from './build.js';

describe('a view of the archive', () => {
  it('has the objects of one encoder that have an index, in order', async () => {
    const archive = createArchive();
    await archive.add({ sequences: [sequenceOf('image', 'a')], listings: [encodedListing('p1', { picture: 'a' })] });
    await archive.add({ listings: [encodedListing('p2', {})] });
    await archive.add({}, 'other@0123456789ab');
    const view = await viewArchive(ENCODER_ID, archive.deps);
    expect(view.objects.map(({ sequenceCount, listingCount }) => [sequenceCount, listingCount])).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(view.leftovers).toEqual([]);
    expect(await encodersIn(archive.store)).toEqual(['other@0123456789ab', ENCODER_ID]);
    expect(view.find(view.objects[1]!.name.date, view.objects[1]!.name.id)).toBe(view.objects[1]);
    expect(view.find('2026-01-01', 'none')).toBeUndefined();
  });

  it('hands out whole indexes in order, however many there are', async () => {
    const archive = createArchive();
    for (let at = 0; at < 40; at++) await archive.add({ listings: [encodedListing(`p${at}`, {})] });
    const view = await viewArchive(ENCODER_ID, archive.deps);
    const seen: [number, string][] = [];
    for await (const [at, index] of indexesOf(view)) seen.push([at, index.id]);
    expect(seen).toEqual(view.objects.map(({ name }, at) => [at, name.id]));
  });

  it('names halves of objects, and indexes that are damaged', async () => {
    const archive = createArchive();
    const [first, second, third] = [await archive.add({}), await archive.add({}), await archive.add({})];
    await archive.store.delete([first.index, second.object]);
    await archive.store.put(third.index, new Uint8Array(50));
    await archive.store.put('notes.txt', new Uint8Array(1));
    const view = await viewArchive(ENCODER_ID, archive.deps);
    expect(view.objects).toEqual([]);
    expect(view.leftovers.map(({ keys, why }) => [keys, why])).toEqual([
      [[first.object], 'unfinished'],
      [[second.index], 'unfinished'],
    ]);
    expect(view.damaged).toMatchObject([{ why: expect.stringContaining('ARCHIVE_DAMAGED') }]);
  });
});
