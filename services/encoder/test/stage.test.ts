import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeTokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEncoder } from './harness.js';

const SHIRT = [1, 4, 9, 2];
const SHOE = [1, 5, 11, 2];

describe('the encoder stage', () => {
  let cache: KeyValueStore;
  let encoder: Awaited<ReturnType<typeof openEncoder>>;
  beforeEach(async () => {
    cache = createMemoryKeyValueStore();
    encoder = await openEncoder(cache);
  });
  afterEach(() => encoder.close());

  it('stores both token sequences and passes the references on', async () => {
    await encoder.storePixels('a');
    const outcomes = await encoder.stage.process([encoder.message(encoder.prepared('p1', { picture: 'a', ids: SHIRT }))]);
    const [record] = await encoder.decode(outcomes);
    expect(outcomes[0]).toMatchObject({ kind: 'emit', records: [{ topic: 'listings.encoded', key: 'p1' }] });
    expect(record).toMatchObject({
      productId: 'p1',
      encoderId: encoder.bundle.id,
      image: { state: 'USED' },
      text: { state: 'USED' },
      receivedAt: 2,
    });
    expect(record).not.toHaveProperty('tokenIds');
    const [image, text] = await cache.getMany([encoder.imageKey('a'), encoder.textKey(SHIRT)]);
    expect(decodeTokenSequence(image!, { width: 8, embeddingWidth: 6, maxCount: 5 })).toMatchObject({ count: 5 });
    expect(decodeTokenSequence(text!, { width: 8, embeddingWidth: 6, maxCount: 12 })).toMatchObject({ count: 4 });
  });

  it('computes what occurs twice in a micro-batch once, and what the cache has not at all', async () => {
    await encoder.storePixels('a', 'bb');
    const first = ['p1', 'p2'].map((id) => encoder.message(encoder.prepared(id, { picture: 'a', ids: SHIRT })));
    await encoder.stage.process(first);
    expect(encoder.runs).toEqual([
      { graph: 'text', rows: 1 },
      { graph: 'image', rows: 1 },
    ]);
    expect(encoder.counts).toEqual({ image: { cached: 0, repeated: 1, computed: 1 }, text: { cached: 0, repeated: 1, computed: 1 } });

    encoder.runs.length = 0;
    await encoder.stage.process([...first, encoder.message(encoder.prepared('p3', { picture: 'bb', ids: SHIRT }))]);
    expect(encoder.runs).toEqual([{ graph: 'image', rows: 1 }]);
    expect(encoder.counts.image).toEqual({ cached: 1, repeated: 1, computed: 1 });
  });

  it('archives what it computed, bytes as in the cache, and every listing that goes on', async () => {
    await encoder.storePixels('a');
    await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { picture: 'a', ids: SHIRT })),
      encoder.message(encoder.prepared('p2', { picture: 'a' })),
      encoder.message(encoder.prepared('lost', { picture: 'none' })),
      encoder.message(encoder.prepared('gone', {}, { op: 'DELETE' })),
    ]);
    const { sequences, listings } = encoder.archived;
    const values = await cache.getMany([encoder.imageKey('a'), encoder.textKey(SHIRT)]);
    expect(sequences.map(({ modality, value }) => [modality, value])).toEqual([
      ['image', values[0]],
      ['text', values[1]],
    ]);
    expect(encoder.imageKey('a')).toContain(sequences[0]!.sha256);
    expect(listings.map(({ productId, op, encoderId }) => [productId, op, encoderId])).toEqual([
      ['p1', 'UPSERT', encoder.bundle.id],
      ['p2', 'UPSERT', encoder.bundle.id],
      ['gone', 'DELETE', encoder.bundle.id],
    ]);
  });

  it('needs no pixels for an image whose tokens are there', async () => {
    await encoder.storePixels('a');
    const listing = encoder.message(encoder.prepared('p1', { picture: 'a' }));
    await encoder.stage.process([listing]);
    await cache.deleteMany([encoder.pixelKey('a')]);
    expect((await encoder.stage.process([listing]))[0]).toMatchObject({ kind: 'emit', records: [{ topic: 'listings.encoded' }] });
  });

  it('sends a listing back whose pixels have vanished, and only that one', async () => {
    await encoder.storePixels('bb');
    const outcomes = await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { picture: 'a', ids: SHIRT })),
      encoder.message(encoder.prepared('p2', { picture: 'bb', ids: SHOE })),
    ]);
    expect(outcomes).toMatchObject([
      {
        kind: 'emit',
        note: 'SENT_BACK',
        records: [{ topic: 'product.events', key: 'p1', headers: { 'labelstream-requeue': '1', 'labelstream-received-at': '2' } }],
      },
      { kind: 'emit', records: [{ topic: 'listings.encoded', key: 'p2' }] },
    ]);
  });

  it('gives a listing up that was sent back too often', async () => {
    const [outcome] = await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { picture: 'a' }), { 'labelstream-requeue': '1' }),
    ]);
    expect(outcome).toMatchObject({ kind: 'deadLetter', code: 'REQUEUE_EXHAUSTED' });
  });

  it('removes damaged pixels, so that they are made anew', async () => {
    await cache.setMany([{ key: encoder.pixelKey('a'), value: new Uint8Array(3) }]);
    const [outcome] = await encoder.stage.process([encoder.message(encoder.prepared('p1', { picture: 'a' }))]);
    expect(outcome).toMatchObject({ kind: 'emit', note: 'SENT_BACK' });
    expect(await cache.existMany([encoder.pixelKey('a')])).toEqual([false]);
  });

  it('encodes every image of a listing, each once', async () => {
    await encoder.storePixels('a', 'bb', 'ccc');
    const outcomes = await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { picture: 'a', further: ['bb', 'ccc'], ids: SHIRT })),
      encoder.message(encoder.prepared('p2', { picture: 'bb', further: ['a'], ids: SHIRT })),
    ]);
    const [record] = await encoder.decode(outcomes);
    expect(record).toMatchObject({ imageIndex: 0, candidates: [{ index: 1 }, { index: 2 }] });
    expect(encoder.counts.image).toEqual({ cached: 0, repeated: 2, computed: 3 });
    expect(await cache.existMany(['a', 'bb', 'ccc'].map(encoder.imageKey))).toEqual([true, true, true]);
  });

  it('sends a listing back that has lost a further image; once that is over, it goes on without it', async () => {
    await encoder.storePixels('a', 'ccc');
    const listing = encoder.prepared('p1', { picture: 'a', further: ['bb', 'ccc'], ids: SHIRT });
    expect((await encoder.stage.process([encoder.message(listing)]))[0]).toMatchObject({ kind: 'emit', note: 'SENT_BACK' });
    const outcomes = await encoder.stage.process([encoder.message(listing, { 'labelstream-requeue': '1' })]);
    const [record] = await encoder.decode(outcomes);
    expect(outcomes[0]).toMatchObject({ kind: 'emit', records: [{ topic: 'listings.encoded' }] });
    expect(record).toMatchObject({ image: listing.image, candidates: [listing.candidates[1]] });
  });

  it('labels from the text while an image is pending, and passes a delete on', async () => {
    const outcomes = await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { ids: SHIRT }, { image: { state: 'PENDING', reason: 'IMAGE_NOT_FOUND' } })),
      encoder.message(encoder.prepared('p2', {}, { op: 'DELETE', lane: 'backfill' })),
    ]);
    const [pending, deleted] = await encoder.decode(outcomes);
    expect(pending).toMatchObject({ image: { state: 'PENDING', reason: 'IMAGE_NOT_FOUND' }, text: { state: 'USED' } });
    expect(deleted).toMatchObject({ op: 'DELETE', productId: 'p2' });
    expect(outcomes[1]).toMatchObject({ records: [{ topic: 'listings.encoded.backfill' }] });
  });

  it('lets one bad record harm only itself', async () => {
    const good = encoder.prepared('p1', { ids: SHIRT });
    const outcomes = await encoder.stage.process([
      encoder.message(good),
      { ...encoder.message(good), value: Buffer.from('no avro') },
      encoder.message(encoder.prepared('p3', { ids: [1, 999, 2] })),
      encoder.message(encoder.prepared('p4', {}, { image: { state: 'USED' } })),
    ]);
    expect(outcomes.map((outcome) => (outcome.kind === 'deadLetter' ? outcome.code : outcome.kind))).toEqual([
      'emit',
      'EVENT_NOT_DECODABLE',
      'EVENT_INVALID',
      'EVENT_INVALID',
    ]);
  });

  it('carries the headers of the pass on', async () => {
    const [outcome] = await encoder.stage.process([
      encoder.message(encoder.prepared('p1', { ids: SHIRT }), { 'labelstream-requeue': '1' }),
    ]);
    expect(outcome).toMatchObject({ records: [{ headers: { 'labelstream-requeue': '1' } }] });
  });

  it('throws what is retriable when the cache does not answer', async () => {
    const down = async () => {
      throw new LabelstreamError('CACHE_UNAVAILABLE', 'no answer');
    };
    const other = await openEncoder({ ...cache, existMany: down });
    const processing = other.stage.process([other.message(other.prepared('p1', { ids: SHIRT }))]);
    await expect(processing).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE', retriable: true });
    await other.close();
  });

  it('keeps micro-batches that are under way together apart', async () => {
    await encoder.storePixels('a', 'bb', 'ccc', 'dddd');
    const batches = ['a', 'bb', 'ccc', 'dddd'].map((picture, at) => [
      encoder.message(encoder.prepared(`p${at}`, { picture, ids: [1, 4 + at, 2] })),
    ]);
    const outcomes = await Promise.all(batches.map((batch) => encoder.stage.process(batch)));
    expect(outcomes.map(([outcome]) => outcome?.kind === 'emit' && outcome.records[0]?.key)).toEqual(['p0', 'p1', 'p2', 'p3']);
    const stored = await cache.getMany(['a', 'bb', 'ccc', 'dddd'].map(encoder.imageKey));
    expect(new Set(stored.map((value) => Buffer.from(value!).toString('hex'))).size).toBe(4);
  });
});
