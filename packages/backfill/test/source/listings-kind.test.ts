import { gzipSync } from 'node:zlib';
import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import { describe, expect, it } from 'vitest';
import { createParquetDecoder } from '../../src/adapters/parquet/decoder.js';
import { unzstd } from '../../src/adapters/source/zstd.js';
import type { Json } from '../../src/kind.js';
import { gunzip } from '../../src/source/decompress.js';
import { uriBelow } from '../../src/source/images.js';
import { createListingsKind } from '../../src/source/listings-kind.js';
import type { ListingsSpec } from '../../src/source/spec.js';
import { createMemoryStore } from './memory-store.js';
import { writeParquet } from './parquet-writer.js';
import { runAll, type Told } from './run-all.js';

const topics = topicNames();
const codecs = await createCodecs();
const { signal } = new AbortController();

async function shop(objects: Record<string, string | Buffer>) {
  const store = createMemoryStore({ chunkBytes: 100 });
  for (const [uri, bytes] of Object.entries(objects)) store.put(uri, bytes);
  const broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions: 1 });
  const kind = createListingsKind({
    store,
    decompressors: { gzip: gunzip, zstd: unzstd },
    parquetDecoder: createParquetDecoder(),
    unpackTar: async () => '/unpacked',
    openImages: async (images) => uriBelow(images),
    broker,
    codecs,
    topics,
  });
  const open = (spec: Partial<ListingsSpec> & { sources: string[] }) => kind.open({ fallbackVersion: 7, ...spec } as Json, signal);
  async function events() {
    const found = [];
    for await (const { key, value } of broker.read({ topic: topics.of('events', 'backfill') }))
      found.push({ key, event: await codecs.productEvent.decode(value!) });
    return found;
  }
  return { store, open, events };
}

const csv = (count: number) =>
  `id,title,image,season\n${Array.from({ length: count }, (_, at) => `${at},"title ""${at}""",${at}.jpg,${at % 3 === 0 ? 'Summer' : 'Winter'}\n`).join('')}`;
const ids = (count: number) => Array.from({ length: count }, (_, at) => `${at}`);

async function send(
  objects: Record<string, string | Buffer>,
  spec: Partial<ListingsSpec> & { sources: string[] },
): Promise<Told & { ids: (string | null)[] }> {
  const { open, events } = await shop(objects);
  const told = await runAll(await open(spec));
  return { ...told, ids: (await events()).map(({ key }) => key) };
}

describe('listings', () => {
  it('become events of the backfill lane, keyed by product, with stored versions', async () => {
    const { open, events } = await shop({ '/a.csv': csv(2) });
    await runAll(await open({ sources: ['/a.csv'], images: 's3://shop/p/', occurredAt: 5 }));
    expect(await events()).toEqual(
      ids(2).map((productId, at) => ({
        key: productId,
        event: {
          productId,
          version: 7,
          op: 'UPSERT',
          title: `title "${at}"`,
          attributes: {},
          images: [{ uri: `s3://shop/p/${at}.jpg` }],
          occurredAt: 5,
        },
      })),
    );
  });

  it('of several files and formats are sent in the order of their names, in ranges', async () => {
    const rows = [
      { id: 'p1', title: 'a' },
      { id: 'p2', title: 'b' },
    ];
    const objects = {
      '/d/1.csv': csv(50),
      '/d/2.parquet': writeParquet(rows, 1),
      '/d/3.jsonl.gz': gzipSync('{"id":"j1"}\n{"productId":"j2"}\n'),
    };
    const told = await send(objects, { sources: ['/d'], rangeBytes: 300 });
    expect(told.ids).toEqual([...ids(50), 'p1', 'p2', 'j1', 'j2']);
    expect(told.ranges.length).toBeGreaterThan(5);
    expect(told.ranges.map(({ ordinal }) => ordinal)).toEqual(told.ranges.map((_, at) => at));
    expect(told.ranges[0]).toMatchObject({
      name: expect.stringMatching(/^\/d\/1\.csv, bytes 22 to \d+$/),
      estimatedRows: expect.any(Number),
    });
  });

  it('have the same ranges whenever they are planned', async () => {
    const { open } = await shop({ '/a.csv': csv(100) });
    const [first, second] = await Promise.all(
      [1, 2].map(async () => (await runAll(await open({ sources: ['/a.csv'], rangeBytes: 500 }))).ranges),
    );
    expect(first).toEqual(second);
  });

  it('take their fields from the columns that are named, and rows as they are chosen', async () => {
    const objects = { '/a.csv': 'sku,name,id,season\nA,shirt,x,Summer\nB,shoe,y,Winter\nC,hat,z,Summer\n' };
    const { open, events } = await shop(objects);
    await runAll(
      await open({ sources: ['/a.csv'], columns: { productId: 'sku', title: 'name' }, where: { column: 'season', value: 'Summer' } }),
    );
    expect((await events()).map(({ key, event }) => [key, event.title])).toEqual([
      ['A', 'shirt'],
      ['C', 'hat'],
    ]);
  });

  it.each([1, 17, 34, 1000])('end with the first %i that are wanted, over any ranges', async (limit) => {
    const summer = ids(100).filter((id) => Number(id) % 3 === 0);
    for (const rangeBytes of [200, 10_000_000]) {
      expect((await send({ '/a.csv': csv(100) }, { sources: ['/a.csv'], limit, rangeBytes })).ids).toEqual(ids(100).slice(0, limit));
      const where = { column: 'season', value: 'Summer' };
      expect((await send({ '/a.csv': csv(100) }, { sources: ['/a.csv'], limit, where, rangeBytes })).ids).toEqual(summer.slice(0, limit));
    }
  });

  it('go on where they were, whatever checkpoint a range ended at, and miss none', async () => {
    const { open, events } = await shop({
      '/a.csv': csv(900),
      '/b.jsonl.gz': gzipSync(
        ids(450)
          .map((id) => `{"id":"b${id}"}\n`)
          .join(''),
      ),
    });
    const wanted = [...ids(900), ...ids(400).map((id) => `b${id}`)];
    for (const stopAfterCheckpoints of [0, 1, 2, 3, 5]) {
      const before = (await events()).length;
      await runAll(await open({ sources: ['/a.csv', '/b.jsonl.gz'], limit: 1300 }), { stopAfterCheckpoints });
      expect((await events()).slice(before).map(({ key }) => key)).toEqual(wanted);
    }
  });

  it('that cannot be sent are reported with their lines, and the others are sent', async () => {
    const told = await send({ '/a.csv': 'id,title,version\n1,a,\n,b,\n3,c,x\n4,d"\n5,e,2\n6\u0007,f,\n7,g,\n' }, { sources: ['/a.csv'] });
    expect(told.ids).toEqual(['1', '5', '7']);
    expect(told.errors).toEqual([
      { origin: '/a.csv', position: 3, code: 'SOURCE_INVALID', message: 'the row has no "id" (or "productId")' },
      { origin: '/a.csv', position: 4, code: 'SOURCE_INVALID', message: '"version" must be a whole number, not "x"' },
      { origin: '/a.csv', position: 5, code: 'SOURCE_INVALID', message: expect.stringContaining('INVALID_OPENING_QUOTE') },
      { origin: '/a.csv', position: 7, code: 'EVENT_INVALID', message: expect.stringContaining('productId') },
    ]);
    expect(told.lastRowsDone).toBe(7);
  });

  it('before a quote that never ends are sent, and it is said what was not read', async () => {
    const { open, events } = await shop({
      '/a.csv': `id,title\n${ids(450)
        .map((id) => `${id},${id === '430' ? '"' : ''}a\n`)
        .join('')}`,
    });
    await expect(runAll(await open({ sources: ['/a.csv'] }))).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(/\/a\.csv, line 432: .*lines 432 to 451 were not read/),
    });
    expect((await events()).length).toBe(430);
  });

  it('that changed since they were planned are refused', async () => {
    const { open, store, events } = await shop({ '/a.csv': csv(10) });
    const opened = await open({ sources: ['/a.csv'] });
    await expect(runAll(opened, { beforeRun: () => store.put('/a.csv', csv(11)) })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('/a.csv has changed'),
    });
    expect(await events()).toEqual([]);
  });

  it.each<[string, Record<string, string>, Partial<ListingsSpec>, RegExp]>([
    [
      'a column that does not exist',
      { '/a.csv': csv(1) },
      { columns: { title: 'name' } },
      /\/a\.csv has no column "name"; its columns are "id", "title", "image", "season"/,
    ],
    ['a chosen column that does not exist', { '/a.csv': csv(1) }, { where: { column: 'split', value: 'val' } }, /no column "split"/],
    ['no column of product ids', { '/a.csv': 'name\na\n' }, {}, /no column "id" or "productId" for the product; its columns are "name"/],
    [
      'a column that no row has',
      { '/a.jsonl': '{"id":1}\n' },
      { sources: ['/a.jsonl'], columns: { title: 'name' } },
      /no column "name" in its first 1 rows/,
    ],
    ['no row', { '/a.csv': 'id,title\n' }, {}, /\/a\.csv: no listing is left to send/],
    [
      'no row that is wanted',
      { '/a.csv': csv(2) },
      { where: { column: 'season', value: 'Spring' }, limit: 5 },
      /no listing is left to send/,
    ],
    [
      'a second file without a column',
      { '/a.csv': csv(5), '/b.csv': 'id\n1\n' },
      { sources: ['/a.csv', '/b.csv'], columns: { title: 'title' } },
      /\/b\.csv has no column "title"/,
    ],
    ['pictures with columns', { '/p/1.jpg': 'x' }, { sources: ['/p'], columns: { title: 'name' } }, /pictures alone have no columns/],
    ['a wrong description', { '/a.csv': csv(1) }, { limit: 0 }, /the description of the source is wrong \(limit: /],
  ])('are refused for %s, before anything is sent', async (_, objects, spec, message) => {
    const { open, events, store } = await shop(objects);
    await expect(open({ sources: ['/a.csv'], ...spec }).then(runAll)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringMatching(message),
    });
    expect(await events()).toEqual([]);
    expect(store.openReads()).toBe(0);
  });

  it('are planned with the rows that will be read, and surveyed with those that will be sent', async () => {
    const where = { column: 'season', value: 'Summer' };
    const count = async (spec: Partial<ListingsSpec>) => {
      const { open } = await shop({ '/a.csv': csv(99) });
      const opened = await open({ sources: ['/a.csv'], ...spec });
      const { rows } = await opened.survey();
      const { ranges, lastRowsDone, rowsSent } = await runAll(opened);
      return { planned: ranges[0]?.estimatedRows, read: lastRowsDone, surveyed: rows, sent: rowsSent };
    };
    expect(await count({})).toEqual({ planned: 99, read: 99, surveyed: 99, sent: 99 });
    expect(await count({ limit: 10 })).toEqual({ planned: 10, read: 10, surveyed: 10, sent: 10 });
    expect(await count({ where })).toEqual({ planned: 99, read: 99, surveyed: 33, sent: 33 });
    expect(await count({ where, limit: 30 })).toEqual({ planned: 99, read: 88, surveyed: 30, sent: 30 });
  });

  it('can be surveyed: how many, how large, and the first that can be sent', async () => {
    const { open, events } = await shop({ '/a.csv': `id,title\n,no id\n2,shoe\n3,hat\n`, '/b.jsonl.gz': gzipSync('{"id":4}\n') });
    const survey = await (await open({ sources: ['/a.csv', '/b.jsonl.gz'] })).survey();
    expect(survey).toMatchObject({ sources: 2, ranges: 2, rows: 4, example: { productId: '2', title: 'shoe', version: 7 } });
    expect(survey.sizeBytes).toBeGreaterThan(40);
    expect(await events()).toEqual([]);
    expect(await (await open({ sources: ['/a.csv'], limit: 2 })).survey()).toMatchObject({ rows: 2 });
  });
});

describe('pictures alone', () => {
  const pictures = Object.fromEntries(ids(4100).map((id) => [`s3://shop/p/${id.padStart(4, '0')}.jpg`, id]));

  it('are listings without a text, in ranges of names', async () => {
    const { open, events } = await shop({ ...pictures, 's3://shop/p/sub/x.png': 'x' });
    const told = await runAll(await open({ sources: ['s3://shop/p'] }));
    expect(told.ranges.map(({ estimatedRows }) => estimatedRows)).toEqual([2000, 2000, 101]);
    const found = await events();
    expect(found.length).toBe(4101);
    expect(found[0]).toMatchObject({ key: '0000', event: { images: [{ uri: 's3://shop/p/0000.jpg' }], version: 7 } });
    expect(found[0]!.event).not.toHaveProperty('title');
    expect(found.at(-1)!.key).toBe('sub/x');
  });

  it('that changed since they were planned are refused before any of the range is sent', async () => {
    const { open, store, events } = await shop(pictures);
    const opened = await open({ sources: ['s3://shop/p/'] });
    await expect(runAll(opened, { beforeRun: () => store.put('s3://shop/p/0000a.jpg', 'new') })).rejects.toMatchObject({
      message: expect.stringContaining('pictures were added, changed or removed'),
    });
    expect(await events()).toEqual([]);
  });

  it('with something else among them are refused', async () => {
    const { open } = await shop({ '/p/1.jpg': 'x', '/p/notes.doc': 'x' });
    await expect(open({ sources: ['/p'] }).then(runAll)).rejects.toMatchObject({
      message: expect.stringContaining('/p/notes.doc is no picture'),
    });
  });

  it('may come as a tar, which is unpacked', async () => {
    const { open, events } = await shop({ '/p.tar': 'x', '/unpacked/1.jpg': 'x' });
    await runAll(await open({ sources: ['/p.tar'] }));
    expect((await events()).map(({ event }) => event.images)).toEqual([[{ uri: 'file:///unpacked/1.jpg' }]]);
  });
});
