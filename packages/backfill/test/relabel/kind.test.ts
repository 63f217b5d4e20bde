import { cacheKeys } from '@labelstream/shared/events/keys';
import { beforeEach, describe, expect, it } from 'vitest';
import { ENCODER_ID, encodedListing, hashOf, sequenceOf } from '../../../shared/test/archive/fixtures.js';
import { compactArchive } from '../../src/archive/compact.js';
import { pruneArchive } from '../../src/archive/prune.js';
import { viewArchive } from '../../src/archive/view.js';
import { createArchive, DAY_MS, START_MS } from '../archive/build.js';
import { createContext, openRelabel, planOf, runAll } from './harness.js';

const imageKey = (name: string) => cacheKeys.imageTokens(ENCODER_ID, hashOf(name));
const compact = (archive: ReturnType<typeof createArchive>) =>
  compactArchive(ENCODER_ID, { targetBytes: 1_000_000, minAgeMs: 0, dryRun: false }, archive.deps);

describe('re-labelling from tokens', () => {
  let archive: ReturnType<typeof createArchive>;
  beforeEach(() => {
    archive = createArchive();
  });

  it('hands on the newest record of every product with its sequences, bytes as they were archived', async () => {
    const [a, b, title] = [sequenceOf('image', 'a'), sequenceOf('image', 'b'), sequenceOf('text', '1')];
    await archive.add({
      sequences: [a, title],
      listings: [encodedListing('p1', { picture: 'a', ids: [1] }), encodedListing('p2', { picture: 'a' })],
    });
    await archive.add({ sequences: [b], listings: [encodedListing('p1', { picture: 'b', ids: [1] }, { version: 2, revision: 1 })] });
    const relabel = openRelabel(archive);
    const { admitted, rowErrors, checkpoints } = await runAll(await relabel.open());
    expect(
      (await relabel.encoded()).map(({ productId, version, revision, lane, receivedAt }) => [
        productId,
        version,
        revision,
        lane,
        receivedAt,
      ]),
    ).toEqual([
      ['p2', 1, 0, 'backfill', 77],
      ['p1', 2, 1, 'backfill', 77],
    ]);
    expect(relabel.sent.map(({ key }) => key)).toEqual(['p2', 'p1']);
    // The text of p1 lies in the object before.
    const values = await relabel.cache.getMany([imageKey('a'), imageKey('b'), cacheKeys.textTokens(ENCODER_ID, hashOf('1'))]);
    expect(values).toEqual([a.value, b.value, title.value]);
    expect(admitted).toEqual([1, 1]);
    expect(checkpoints).toEqual([
      { rowsDone: 2, sent: 1 },
      { rowsDone: 1, sent: 1 },
    ]);
    expect([rowErrors, await relabel.events()]).toEqual([[], []]);
  });

  it('sends a listing the whole way whose image, further image or text is not archived', async () => {
    await archive.add({
      sequences: [sequenceOf('image', 'a'), sequenceOf('text', '1')],
      listings: [
        encodedListing('image', { picture: 'none' }, { revision: 2 }),
        encodedListing('further', { picture: 'a', further: ['none'] }),
        encodedListing('text', { ids: [9] }),
        encodedListing('whole', { picture: 'a', ids: [1] }),
        encodedListing('nothing', {}),
      ],
    });
    const relabel = openRelabel(archive);
    const { checkpoints } = await runAll(await relabel.open());
    expect((await relabel.events()).map(({ productId, version, title }) => [productId, version, title])).toEqual([
      ['image', 1, 'a shirt'],
      ['further', 1, 'a shirt'],
      ['text', 1, 'a shirt'],
    ]);
    expect(relabel.sent[0]).toMatchObject({ headers: { 'labelstream-revision': '2', 'labelstream-requeue': '1' } });
    expect((await relabel.encoded()).map(({ productId }) => productId)).toEqual(['whole', 'nothing']);
    expect(checkpoints).toEqual([{ rowsDone: 5, sent: 5 }]);
  });

  it('passes over deleted products, and what was archived after it was started', async () => {
    await archive.add({ listings: [encodedListing('p1', {}), encodedListing('p2', {})] });
    await archive.add({ listings: [encodedListing('p1', {}, { op: 'DELETE', version: 2 })] });
    await archive.add({ listings: [encodedListing('p2', {}, { version: 2 })] });
    const relabel = openRelabel(archive);
    const opened = await relabel.open({ untilMs: START_MS + 2000 });
    await runAll(opened);
    expect((await relabel.encoded()).map(({ productId, version }) => [productId, version])).toEqual([['p2', 1]]);
    expect(await opened.survey?.()).toEqual({ ranges: 2, rows: 1 });
  });

  it('plans with the rows that are read, and surveys those that are sent', async () => {
    await archive.add({ listings: [encodedListing('p1', {}), encodedListing('p2', {})] });
    await archive.add({ listings: [encodedListing('p1', {}, { version: 2 })] });
    const opened = await openRelabel(archive).open();
    expect((await planOf(opened)).map(({ estimatedRows }) => estimatedRows)).toEqual([2, 1]);
    expect((await runAll(opened)).checkpoints).toEqual([
      { rowsDone: 2, sent: 1 },
      { rowsDone: 1, sent: 1 },
    ]);
    expect(await opened.survey?.()).toEqual({ ranges: 2, rows: 2 });
  });

  it('goes on after the rows that are done', async () => {
    await archive.add({ listings: Array.from({ length: 500 }, (_, at) => encodedListing(`p${at}`, {})) });
    const relabel = openRelabel(archive);
    const opened = await relabel.open();
    const [range] = await planOf(opened);
    expect(range).toMatchObject({ ordinal: 0, estimatedRows: 500 });
    const { context, checkpoints } = createContext(350);
    await opened.run(range!, context);
    expect(relabel.sent.map(({ key }) => key)).toEqual(Array.from({ length: 150 }, (_, at) => `p${at + 350}`));
    expect(checkpoints).toEqual([{ rowsDone: 500, sent: 150 }]);
    const done = createContext(500);
    await opened.run(range!, done.context);
    expect([relabel.sent.length, done.checkpoints]).toEqual([150, []]);
  });

  it('plans the same ranges again, and none for objects that have nothing to re-label', async () => {
    await archive.add({ sequences: [sequenceOf('image', 'a')] });
    await archive.add({ listings: [encodedListing('p1', {})] });
    await archive.add({ listings: [encodedListing('p2', {})] });
    const ranges = await planOf(await openRelabel(archive).open());
    expect(ranges.map(({ ordinal }) => ordinal)).toEqual([0, 1]);
    expect(await planOf(await openRelabel(archive).open())).toEqual(ranges);
  });

  it('stops when it is told to, with nothing under way', async () => {
    await archive.add({ listings: Array.from({ length: 500 }, (_, at) => encodedListing(`p${at}`, {})) });
    const relabel = openRelabel(archive);
    const opened = await relabel.open();
    const stop = new AbortController();
    const { context, checkpoints } = createContext(0, stop.signal);
    const admit = async () => {
      if (checkpoints.length === 1) stop.abort(new Error('paused'));
    };
    await expect(opened.run((await planOf(opened))[0]!, { ...context, admit })).rejects.toThrow('paused');
    const sent = relabel.sent.length;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(relabel.sent.length).toBe(sent);
    expect(checkpoints.at(-1)?.rowsDone).toBe(sent);
  });
});

describe('an archive that changes while products are re-labelled', () => {
  it('is compacted: nothing is left out', async () => {
    const archive = createArchive();
    await archive.add({ sequences: [sequenceOf('image', 'a')], listings: [encodedListing('p1', { picture: 'a' })] });
    await archive.add({ listings: [encodedListing('p2', { picture: 'a' })] });
    const relabel = openRelabel(archive);
    const opened = await relabel.open();
    const [first, second] = await planOf(opened);
    await opened.run(first!, createContext().context);
    await compact(archive);
    const { context, rowErrors } = createContext();
    await opened.run(second!, context);
    const labelled = (await relabel.encoded()).map(({ productId }) => productId);
    expect([labelled[0], new Set(labelled), rowErrors]).toEqual(['p1', new Set(['p1', 'p2']), []]);
    // Another process, which has not looked before.
    const other = openRelabel(archive);
    await (await other.open()).run(second!, createContext().context);
    expect((await other.encoded()).map(({ productId }) => productId)).toEqual(['p1', 'p2']);
  });

  it('loses tokens or objects: the whole way, or an error that is counted', async () => {
    const archive = createArchive();
    await archive.add({ sequences: [sequenceOf('image', 'a')], listings: [] });
    archive.skipDays(2);
    await archive.add({ listings: [encodedListing('p1', { picture: 'a' })] });
    archive.skipDays(2);
    await archive.add({ listings: [encodedListing('p2', {})] });
    const relabel = openRelabel(archive);
    const opened = await relabel.open();
    const [first, second] = await planOf(opened);
    const prune = async (days: number) =>
      pruneArchive(
        await viewArchive(ENCODER_ID, archive.deps),
        { beforeMs: START_MS + days * DAY_MS, unfinishedAgeMs: 0, dryRun: false },
        archive.deps,
      );
    await prune(1);
    await opened.run(first!, createContext().context);
    expect((await relabel.events()).map(({ productId }) => productId)).toEqual(['p1']);
    await prune(5);
    const { context, rowErrors } = createContext();
    await opened.run(second!, context);
    expect(rowErrors).toMatchObject([{ code: 'ARCHIVE_DAMAGED', message: expect.stringContaining('removed since') }]);
  });
});

describe('an archive that is damaged', () => {
  const flip = (bytes: Uint8Array, from: number) => bytes.map((value, at) => (at === from ? value ^ 1 : value));

  it('costs the whole way where sequences are, and is reported where listings are', async () => {
    const archive = createArchive();
    const contents = (name: string) => ({ sequences: [sequenceOf('image', name)], listings: [encodedListing(name, { picture: name })] });
    const [first, second] = [await archive.add(contents('a')), await archive.add(contents('b'))];
    await archive.add(contents('c'));
    const damage = async ({ object }: { object: string }, block: number) => {
      const view = await viewArchive(ENCODER_ID, archive.deps);
      const { offset } = view.objects.find(({ key }) => key === object)!.index.blocks[block]!;
      await archive.store.put(object, flip((await archive.store.get(object))!, offset + 5));
    };
    await damage(first, 0);
    await damage(second, 1);
    const relabel = openRelabel(archive);
    const { rowErrors } = await runAll(await relabel.open());
    expect((await relabel.events()).map(({ productId }) => productId)).toEqual(['a']);
    expect((await relabel.encoded()).map(({ productId }) => productId)).toEqual(['c']);
    expect(rowErrors).toMatchObject([{ origin: second.object, position: 1, code: 'ARCHIVE_DAMAGED' }]);
  });

  it('is reported where an index is, too', async () => {
    const archive = createArchive();
    const { index, object } = await archive.add({ listings: [encodedListing('a', {})] });
    await archive.store.put(index, flip((await archive.store.get(index))!, 900));
    await archive.store.put(index, (await archive.store.get(index))!.subarray(0, -3));
    const { rowErrors } = await runAll(await openRelabel(archive).open());
    expect(rowErrors).toMatchObject([{ origin: object, code: 'ARCHIVE_DAMAGED' }]);
  });
});

describe('a re-label that cannot be', () => {
  it('is refused: tokens of another encoder, nothing archived, a head of another encoder, a wrong specification', async () => {
    const archive = createArchive();
    await expect(openRelabel(archive).open()).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('is empty'),
    });
    await archive.add({ listings: [encodedListing('p1', {})] });
    await expect(openRelabel(archive, 'new@ffffffffffff').open()).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(/has tokens of tiny@0123456789ab only, and new@ffffffffffff is active/),
    });
    await expect(openRelabel(archive).open({ fusion: 'new@ffffffffffff' })).rejects.toMatchObject({
      message: expect.stringMatching(/is for the encoder new@ffffffffffff, and tiny@0123456789ab is active/),
    });
    await expect(openRelabel(archive).open({ archive: '' })).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    await expect(openRelabel(archive).open({ fusion: ENCODER_ID })).resolves.toBeDefined();
    await expect(openRelabel(archive, ENCODER_ID, `head of ${ENCODER_ID}`).open({ fusion: ENCODER_ID })).resolves.toBeDefined();
    await expect(openRelabel(archive, ENCODER_ID, 'old').open({ fusion: ENCODER_ID })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(/^old labels, not head of .*promote it first/),
    });
  });
});
