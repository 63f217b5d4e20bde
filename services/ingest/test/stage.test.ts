import { createHash } from 'node:crypto';
import { htmlAsImage } from '@labelstream/samples/adapters/bad-images';
import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { LabelstreamError } from '@labelstream/shared/errors';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { expect, test } from 'vitest';
import { dataUri, ENCODER_BUNDLE, event, message, PIXEL_BYTES } from './harness.js';
import { useListingFolder } from './listing-folder.js';

const folder = useListingFolder();
const { env, file, open } = folder;
const sha256Of = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** A cache that counts what is stored. */
function countingCache() {
  const stored: string[] = [];
  const cache = createMemoryKeyValueStore({ role: 'cache' });
  const setMany: KeyValueStore['setMany'] = async (entries) => {
    stored.push(...entries.map(({ key }) => key));
    await cache.setMany(entries);
  };
  return { stored, cache: { ...cache, setMany } };
}

test('a complete listing goes on with its token ids and a claim check for its pixels', async () => {
  const ingest = await open(env);
  const outcome = await ingest.pass(message(event({ title: ' abc ', images: [file('good.jpg')], locale: 'en' })));
  const record = await ingest.prepared(outcome);
  expect(record).toMatchObject({
    productId: 'p-1',
    version: 1,
    revision: 0,
    op: 'UPSERT',
    lane: 'live',
    listing: { title: ' abc ', images: [file('good.jpg')], locale: 'en' },
    image: { state: 'USED', sha256: sha256Of(folder.jpeg) },
    text: { state: 'USED', sha256: sha256Of('abc') },
  });
  expect(record.tokenIds[0]).toBe(1);
  expect(record.tokenIds.at(-1)).toBe(2);
  const [pixels] = await ingest.context.cache.getMany([cacheKeys.pixels(record.preprocessId, sha256Of(folder.jpeg))]);
  expect(pixels?.length).toBe(PIXEL_BYTES);
  expect(outcome).toMatchObject({ records: [{ topic: 'listings.prepared', key: 'p-1' }] });
  expect(outcome).not.toHaveProperty('note');
});

test('the record of the backfill lane stays there', async () => {
  const ingest = await open(env);
  const outcome = await ingest.pass(message(event(), { lane: 'backfill' }));
  expect(outcome).toMatchObject({ records: [{ topic: 'listings.prepared.backfill' }] });
});

test('a deletion passes without model inputs, whatever else it carries', async () => {
  const ingest = await open(env);
  const record = await ingest.prepared(await ingest.pass(message(event({ op: 'DELETE', images: [file('none.jpg')] }))));
  expect(record).toMatchObject({ op: 'DELETE', image: { state: 'MISSING' }, text: { state: 'MISSING' }, tokenIds: [] });
});

test('outcomes come in the order of the messages, and a bad one harms only itself', async () => {
  const ingest = await open(env);
  const outcomes = await ingest.process(
    message(event({ productId: 'a', images: [file('good.jpg')] })),
    message(Buffer.from('no event')),
    message(event({ productId: 'b', op: 'DELETE' })),
    message(event({ productId: 'c', images: [file('page.jpg')] })),
    message(event({ productId: 'd', title: '', images: [] })),
    message(null),
    message(event({ productId: 'e' })),
  );
  const told = outcomes.map((outcome) =>
    outcome.kind === 'emit' ? outcome.records[0]?.key : 'code' in outcome ? outcome.code : outcome.kind,
  );
  expect(told).toEqual(['a', 'EVENT_NOT_DECODABLE', 'b', 'c', 'EVENT_EMPTY', 'EVENT_NOT_DECODABLE', 'e']);
});

test('the description stands in for a missing title', async () => {
  const ingest = await open(env);
  const record = await ingest.prepared(await ingest.pass(message(event({ title: ' \n', description: 'cab' }))));
  expect(record.text.sha256).toBe(sha256Of('cab'));
});

test('the first image that can be had is taken', async () => {
  const ingest = await open(env);
  const images = [file('none.jpg'), file('page.jpg'), { uri: 'ftp://x/' }, file('good.jpg')];
  const record = await ingest.prepared(await ingest.pass(message(event({ images }))));
  expect(record.image).toEqual({ state: 'USED', sha256: sha256Of(folder.jpeg) });
});

test('further images wait in the cache, too, and the record says where', async () => {
  const ingest = await open(env);
  const images = ['none.jpg', 'good.jpg', 'page.jpg', 'good-1.jpg', 'good.jpg', 'good-2.jpg', 'good-3.jpg', 'good-4.jpg'].map(file);
  const record = await ingest.prepared(await ingest.pass(message(event({ images }))));
  const [one, two, three] = folder.further.map(sha256Of);
  expect(record).toMatchObject({
    image: { state: 'USED', sha256: sha256Of(folder.jpeg) },
    imageIndex: 1,
    candidates: [
      { index: 3, sha256: one },
      { index: 5, sha256: two },
      { index: 6, sha256: three },
    ],
  });
  const keys = [one, two, three].map((sha256) => cacheKeys.pixels(record.preprocessId, sha256!));
  expect((await ingest.context.cache.getMany(keys)).map((pixels) => pixels?.length)).toEqual([PIXEL_BYTES, PIXEL_BYTES, PIXEL_BYTES]);
});

test.each([
  ['a listing without text', {}, { title: '' }],
  ['a setting of one image', { MAX_IMAGES: '1' }, {}],
])('%s has the first image only', async (_, more, changes) => {
  const ingest = await open({ ...env, ...more });
  const images = [file('good.jpg'), file('good-1.jpg')];
  const record = await ingest.prepared(await ingest.pass(message(event({ images, ...changes }))));
  expect(record).toMatchObject({ imageIndex: 0, candidates: [] });
});

test('a late image brings the further ones along', async () => {
  const ingest = await open(env);
  const images = [file('good.jpg'), file('good-1.jpg')];
  const headers = { 'labelstream-attempt': '1', 'labelstream-revision': '1' };
  const record = await ingest.prepared(await ingest.pass(message(event({ images }), { headers })));
  expect(record).toMatchObject({ revision: 1, imageIndex: 0, candidates: [{ index: 1 }] });
});

test('no more images are tried than the settings say', async () => {
  const ingest = await open({ ...env, MAX_IMAGES_TRIED: '2' });
  const images = [file('page.jpg'), file('page.jpg'), file('good.jpg')];
  const record = await ingest.prepared(await ingest.pass(message(event({ images }))));
  expect(record.image).toEqual({ state: 'FAILED', reason: 'IMAGE_NOT_AN_IMAGE' });
});

test('an image that may still come says more than one that never will', async () => {
  const ingest = await open(env);
  const record = await ingest.prepared(await ingest.pass(message(event({ images: [file('page.jpg'), file('none.jpg')] }))));
  expect(record.image).toEqual({ state: 'PENDING', reason: 'IMAGE_NOT_FOUND' });
});

test('an image is decoded once, whoever sends it', async () => {
  const { cache, stored } = countingCache();
  const ingest = await open(env, { cache });
  for (const productId of ['a', 'b', 'c']) await ingest.pass(message(event({ productId, images: [file('good.jpg')] })));
  expect(stored).toHaveLength(1);
});

test('an announced image whose pixels are there is not even fetched', async () => {
  const ingest = await open(env);
  await ingest.pass(message(event({ images: [file('good.jpg')] })));
  const images = [{ uri: file('gone.jpg').uri, sha256: sha256Of(folder.jpeg).toUpperCase() }];
  const record = await ingest.prepared(await ingest.pass(message(event({ images }))));
  expect(record.image).toEqual({ state: 'USED', sha256: sha256Of(folder.jpeg) });
});

test('an image whose token sequence is there needs no pixels', async () => {
  const { cache, stored } = countingCache();
  const ingest = await open(env, { cache });
  await ingest.pass(message(event({ images: [file('good.jpg')] })));
  const { id } = await loadBundle(ENCODER_BUNDLE, 'encoder');
  await cache.deleteMany([stored[0]!]);
  await cache.setMany([{ key: cacheKeys.imageTokens(id, sha256Of(folder.jpeg)), value: Buffer.from('tokens') }]);
  const record = await ingest.prepared(await ingest.pass(message(event({ images: [file('good.jpg')] }))));
  expect(record.image.state).toBe('USED');
  expect(stored.filter((key) => key.startsWith('px:'))).toHaveLength(1);
});

test('an image with another hash than announced is not used', async () => {
  const ingest = await open(env);
  const images = [{ ...file('good.jpg'), sha256: sha256Of('something else') }];
  const outcome = await ingest.pass(message(event({ images })));
  expect(await ingest.prepared(outcome)).toMatchObject({ image: { state: 'FAILED', reason: 'IMAGE_HASH_MISMATCH' } });
  expect(outcome).toMatchObject({ note: 'IMAGE_HASH_MISMATCH' });
});

test('a text over the limit fails, the listing goes on with its image, and no later record carries it whole', async () => {
  const ingest = await open(env);
  const outcome = await ingest.pass(message(event({ title: 'a'.repeat(1_000_000), images: [file('good.jpg')] })));
  const record = await ingest.prepared(outcome);
  expect(record).toMatchObject({ text: { state: 'FAILED', reason: 'TEXT_TOO_LARGE' }, image: { state: 'USED' }, tokenIds: [] });
  expect(outcome).toMatchObject({ note: 'TEXT_TOO_LARGE' });
  const again = await ingest.prepared(await ingest.pass(message({ ...event(), ...record.listing })));
  expect(record.listing.title!.length).toBeLessThan(70_000);
  expect(again.text).toEqual(record.text);
});

test.each([
  ['no image', { images: [] }, 'EVENT_EMPTY'],
  ['a text that is too large', { title: 'a'.repeat(70_000) }, 'TEXT_TOO_LARGE'],
  ['an image that never will be one', { images: [{ uri: dataUri(htmlAsImage()) }] }, 'IMAGE_NOT_AN_IMAGE'],
])('without a text, %s is a dead letter', async (_, changes, code) => {
  const ingest = await open(env);
  expect(await ingest.pass(message(event({ title: '', ...changes })))).toMatchObject({ kind: 'deadLetter', code });
});

test('a listing that was sent back keeps its revision and arrival, and carries how often', async () => {
  const ingest = await open(env);
  const headers = { 'labelstream-revision': '1', 'labelstream-received-at': '1700000000123', 'labelstream-requeue': '1' };
  const outcome = await ingest.pass(message(event(), { headers }));
  expect(await ingest.prepared(outcome)).toMatchObject({ revision: 1, receivedAt: 1_700_000_000_123 });
  expect(outcome).toMatchObject({ records: [{ headers: { 'labelstream-requeue': '1' } }] });
});

test('a replayed listing carries on how often it was replayed, so that a later failure counts on', async () => {
  const ingest = await open(env);
  const outcome = await ingest.pass(message(event(), { headers: { 'labelstream-replays': '2' } }));
  expect(outcome).toMatchObject({ records: [{ headers: { 'labelstream-replays': '2' } }] });
});

test('a listing that is sent back again and again is given up', async () => {
  const ingest = await open(env);
  const sentBack = (times: number) =>
    message(event(), { headers: { 'labelstream-requeue': String(times), 'labelstream-rested': String(times) } });
  expect(await ingest.pass(sentBack(8))).toMatchObject({ kind: 'emit' });
  expect(await ingest.pass(sentBack(9))).toMatchObject({ kind: 'deadLetter', code: 'REQUEUE_EXHAUSTED' });
});

test('a cache that is down is thrown, not blamed on the listing', async () => {
  const down = async () => {
    throw new LabelstreamError('CACHE_UNAVAILABLE', 'down');
  };
  const ingest = await open(env, { cache: { ...createMemoryKeyValueStore({ role: 'cache' }), setMany: down } });
  await expect(ingest.pass(message(event({ images: [file('good.jpg')] })))).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' });
});

test('what became of images and texts is counted', async () => {
  const ingest = await open(env);
  await ingest.process(message(event({ images: [file('good.jpg')] })), message(event({ title: '', images: [file('page.jpg')] })));
  const text = await ingest.context.metrics.metrics();
  expect(text).toContain('labelstream_ingest_modalities_total{modality="image",state="USED",reason=""} 1');
  expect(text).toContain('labelstream_ingest_modalities_total{modality="image",state="FAILED",reason="IMAGE_NOT_AN_IMAGE"} 1');
  expect(text).toContain('labelstream_ingest_fetch_seconds_count{scheme="file"} 2');
  expect(text).toContain('labelstream_ingest_pixel_cache_total{hit="no"} 2');
});
