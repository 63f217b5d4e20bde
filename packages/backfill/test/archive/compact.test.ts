import { readObject } from '@labelstream/shared/archive/object-reader';
import type { ObjectStore } from '@labelstream/shared/ports/object-store';
import { describe, expect, it } from 'vitest';
import { ENCODER_ID, encodedListing, plainCodec, sequenceOf } from '../../../shared/test/archive/fixtures.js';
import { compactArchive } from '../../src/archive/compact.js';
import { pruneArchive } from '../../src/archive/prune.js';
import { verifyArchive } from '../../src/archive/verify.js';
import { viewArchive } from '../../src/archive/view.js';
import { createArchive, DAY_MS, START_MS } from './build.js';

type Archive = ReturnType<typeof createArchive>;
const OPTIONS = { targetBytes: 1_000_000, minAgeMs: 0, dryRun: false };
const compact = (archive: Archive, over: Partial<typeof OPTIONS> = {}) => compactArchive(ENCODER_ID, { ...OPTIONS, ...over }, archive.deps);

/** Everything that counts: sequences and listings of all objects of the view. */
async function contentsOf({ deps, store }: Pick<Archive, 'deps' | 'store'>) {
  const view = await viewArchive(ENCODER_ID, deps);
  const found = { sequences: [] as string[], listings: [] as string[] };
  for (const object of view.objects) {
    for (const block of readObject((await store.get(object.key))!, await view.load(object), plainCodec)) {
      for (const record of block) {
        if (record.kind === 'sequence') found.sequences.push(record.sha256.slice(0, 8));
        else {
          const { productId, version, op } = await deps.listingCodec.decode(record.value);
          found.listings.push(`${productId} ${version} ${op}`);
        }
      }
    }
  }
  return found;
}

async function fill(archive: Archive) {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => sequenceOf('image', name));
  await archive.add({ sequences: [a!, b!], listings: [encodedListing('p1', { picture: 'a' }), encodedListing('p2', { picture: 'b' })] });
  await archive.add({
    sequences: [a!, c!],
    listings: [encodedListing('p1', { picture: 'c' }, { version: 2 }), encodedListing('p3', { picture: 'a' })],
  });
  await archive.add({ listings: [encodedListing('p2', {}, { op: 'DELETE', version: 2 })] });
  const short = (name: string) => sequenceOf('image', name).sha256.slice(0, 8);
  return { sequences: [short('a'), short('c')], listings: ['p1 2 UPSERT', 'p3 1 UPSERT', 'p2 2 DELETE'] };
}

describe('compaction', () => {
  it('makes one object of small ones, without what was archived again, deleted, or is needed by nobody', async () => {
    const archive = createArchive();
    const kept = await fill(archive);
    const done = await compact(archive);
    expect(done).toMatchObject({ objectsBefore: 3, objectsAfter: 1, listingsDropped: 2, sequencesDropped: 2 });
    expect(await contentsOf(archive)).toEqual(kept);
    expect(await archive.keys()).toHaveLength(2);
    for await (const { problem } of verifyArchive(await viewArchive(ENCODER_ID, archive.deps), archive.deps))
      expect(problem).toBeUndefined();
    expect(await compact(archive)).toMatchObject({ objectsBefore: 1, objectsAfter: 1, listingsDropped: 0, sequencesDropped: 0 });
  });

  it('drops the listing of a deleted product and its tokens, wherever the deletion was archived', async () => {
    const archive = createArchive();
    await archive.add({
      sequences: [sequenceOf('text', 'secret')],
      listings: [encodedListing('p1', { ids: [1] }, { listing: { title: 'a secret title', attributes: {}, images: [] } })],
    });
    archive.skipDays(3);
    await archive.add({ listings: [encodedListing('p1', {}, { op: 'DELETE', version: 2, listing: { attributes: {}, images: [] } })] });
    await compact(archive);
    expect(await contentsOf(archive)).toEqual({ sequences: [], listings: ['p1 2 DELETE'] });
    for (const key of await archive.keys())
      expect(Buffer.from((await archive.store.get(key))!).toString('latin1')).not.toContain('a secret title');
  });

  it('keeps dates apart, objects below the target, and leaves alone what is young', async () => {
    const archive = createArchive();
    for (let day = 0; day < 2; day++) {
      for (let at = 0; at < 3; at++)
        await archive.add({
          sequences: [sequenceOf('image', `${day}${at}`, 3000)],
          listings: [encodedListing(`p${day}${at}`, { picture: `${day}${at}` })],
        });
      archive.skipDays(1);
    }
    expect(await compact(archive, { minAgeMs: 40 * DAY_MS })).toMatchObject({ objectsAfter: 6 });
    expect(await compact(archive, { targetBytes: 9000, dryRun: true })).toMatchObject({ objectsAfter: 4 });
    expect(await archive.keys()).toHaveLength(12);
    expect(await compact(archive, { targetBytes: 9000 })).toMatchObject({ objectsBefore: 6, objectsAfter: 4 });
    expect((await contentsOf(archive)).sequences).toHaveLength(6);
  });

  it('leaves a valid archive wherever it is cut off, and the next run completes it', async () => {
    const model = createArchive();
    const kept = await fill(model);
    const before = await contentsOf(model);
    for (let calls = 0; ; calls++) {
      const archive = createArchive();
      await fill(archive);
      let left = calls;
      const spend = async <T>(run: () => Promise<T>): Promise<T> => {
        if (left-- <= 0) throw new Error('cut off');
        return run();
      };
      const failing: ObjectStore = {
        ...archive.store,
        put: (key, body) => spend(() => archive.store.put(key, body)),
        delete: async (keys) => {
          for (const key of keys) await spend(() => archive.store.delete([key]));
        },
      };
      const ended = await compactArchive(ENCODER_ID, OPTIONS, { ...archive.deps, store: failing }).catch(() => undefined);
      const now = await contentsOf(archive);
      expect([before, kept]).toContainEqual(now);
      await compact(archive);
      expect(await contentsOf(archive)).toEqual(kept);
      const view = await viewArchive(ENCODER_ID, archive.deps);
      await pruneArchive(view, { unfinishedAgeMs: 0, dryRun: false }, archive.deps);
      expect(await archive.keys()).toHaveLength(2);
      if (ended !== undefined) break;
    }
  });

  it('touches nothing of a group that cannot be read, and goes on with the next', async () => {
    const archive = createArchive();
    const { object } = await archive.add({ listings: [encodedListing('p1', {})] });
    await archive.add({ listings: [encodedListing('p2', {})] });
    const body = (await archive.store.get(object))!;
    await archive.store.put(
      object,
      body.map((value, at) => (at === body.length - 20 ? value ^ 1 : value)),
    );
    archive.skipDays(1);
    await archive.add({ listings: [encodedListing('p3', {})] });
    await archive.add({ listings: [encodedListing('p4', {})] });
    expect(await compact(archive)).toMatchObject({ damaged: 1, objectsBefore: 4, objectsAfter: 3 });
    expect(await archive.keys()).toHaveLength(6);
  });
});

describe('pruning', () => {
  it('removes dates that are over, and says what', async () => {
    const archive = createArchive();
    await archive.add({ sequences: [sequenceOf('image', 'a')], listings: [encodedListing('p1', { picture: 'a' })] });
    archive.skipDays(2);
    await archive.add({ listings: [encodedListing('p2', {})] });
    const options = { beforeMs: START_MS + DAY_MS, unfinishedAgeMs: DAY_MS, dryRun: true };
    const prune = async (over = {}) => pruneArchive(await viewArchive(ENCODER_ID, archive.deps), { ...options, ...over }, archive.deps);
    expect(await prune()).toMatchObject({ objects: 1, listings: 1, sequences: 1, leftovers: 0 });
    expect(await archive.keys()).toHaveLength(4);
    await prune({ dryRun: false });
    expect(await contentsOf(archive)).toEqual({ sequences: [], listings: ['p2 1 UPSERT'] });
    expect(await archive.keys()).toHaveLength(2);
  });

  it('removes what was never finished only when it is old', async () => {
    const archive = createArchive();
    const { index } = await archive.add({});
    await archive.store.delete([index]);
    const prune = async (unfinishedAgeMs: number) =>
      pruneArchive(await viewArchive(ENCODER_ID, archive.deps), { unfinishedAgeMs, dryRun: false }, archive.deps);
    expect(await prune(60 * DAY_MS)).toMatchObject({ leftovers: 0 });
    expect(await prune(DAY_MS)).toMatchObject({ leftovers: 1 });
    expect(await archive.keys()).toEqual([]);
  });
});

describe('verification', () => {
  it('finds an object that is cut short, damaged, gone, or not what its index says', async () => {
    const archive = createArchive();
    const add = (name: string) =>
      archive.add({ sequences: [sequenceOf('image', name)], listings: [encodedListing(name, { picture: name })] });
    const [whole, cut, damaged, other, index] = [await add('a'), await add('b'), await add('c'), await add('d'), await add('e')];
    const { store } = archive;
    await store.put(cut.object, (await store.get(cut.object))!.subarray(0, -5));
    await store.put(
      damaged.object,
      (await store.get(damaged.object))!.map((value, at, all) => (at === all.length - 40 ? value ^ 1 : value)),
    );
    await store.put(other.object, (await store.get(whole.object))!);
    await store.put(index.index, new Uint8Array(3));
    const problems = new Map<string, string | undefined>();
    for await (const { key, problem } of verifyArchive(await viewArchive(ENCODER_ID, archive.deps), archive.deps))
      problems.set(key, problem);
    expect(problems.get(whole.object)).toBeUndefined();
    for (const { object } of [cut, damaged, other, index]) expect(problems.get(object)).toContain('ARCHIVE_DAMAGED');
    expect(problems.size).toBe(5);
  });
});
