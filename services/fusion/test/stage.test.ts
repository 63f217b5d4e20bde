import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { encodeTokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFusion } from './harness.js';

const SHIRT = [1, 4, 9, 2];
const SHOE = [1, 5, 11, 7, 2];

describe('the fusion stage', () => {
  let cache: KeyValueStore;
  let fusion: Awaited<ReturnType<typeof openFusion>>;
  beforeEach(async () => {
    cache = createMemoryKeyValueStore();
    fusion = await openFusion(cache);
  });
  afterEach(() => fusion.close());

  it('decides every task, with weights, embedding, match and the models that did it', async () => {
    await fusion.store({ picture: 'a', ids: SHIRT });
    const outcomes = await fusion.stage.process([fusion.message(fusion.encoded('p1', { picture: 'a', ids: SHIRT }))]);
    expect(outcomes).toMatchObject([{ kind: 'emit', records: [{ topic: 'listings.predicted', key: 'p1' }] }]);
    const [record] = await fusion.decode(outcomes);
    expect(record!.labels.map(({ task }) => task)).toEqual(['articleType', 'baseColour']);
    for (const { imageWeight, textWeight, alternatives } of record!.labels) {
      expect(imageWeight + textWeight).toBeCloseTo(1, 6);
      expect(alternatives.length).toBeGreaterThan(0);
    }
    expect(Math.hypot(...record!.embedding)).toBeCloseTo(1, 5);
    expect(Math.abs(record!.imageTextMatch!)).toBeLessThanOrEqual(1);
    expect(record!.model).toMatchObject({ encoder: fusion.encoderId, generation: 1 });
    expect(fusion.counts.decided).toBe(1);
  });

  it('labels from the one modality there is, and says so by the weights', async () => {
    await fusion.store({ picture: 'a', ids: SHIRT });
    const outcomes = await fusion.stage.process([
      fusion.message(fusion.encoded('p1', { picture: 'a' })),
      fusion.message(fusion.encoded('p2', { ids: SHIRT }, { image: { state: 'PENDING', reason: 'IMAGE_NOT_FOUND' } })),
    ]);
    const [fromImage, fromText] = await fusion.decode(outcomes);
    expect(fromImage!.labels[0]).toMatchObject({ imageWeight: 1, textWeight: 0 });
    expect(fromText).toMatchObject({ image: { state: 'PENDING' }, labels: [{ imageWeight: 0, textWeight: 1 }, { textWeight: 1 }] });
    expect(fromText!.imageTextMatch ?? null).toBeNull();
  });

  it('passes a delete on, and a listing that has nothing yet, without labels', async () => {
    const [deleted, nothing] = await fusion.decode(
      await fusion.stage.process([
        fusion.message(fusion.encoded('p1', {}, { op: 'DELETE', encoderId: 'other@000000000000' })),
        fusion.message(fusion.encoded('p2', {}, { image: { state: 'PENDING' }, lane: 'backfill' })),
      ]),
    );
    expect(deleted).toMatchObject({ op: 'DELETE', labels: [], embedding: [] });
    expect(nothing).toMatchObject({ op: 'UPSERT', labels: [], image: { state: 'PENDING' } });
  });

  it('sends back what has lost a token sequence, was encoded by another encoder, or is damaged; and labels the rest', async () => {
    await fusion.store({ picture: 'a', ids: SHIRT });
    await cache.setMany([{ key: fusion.textKey(SHOE), value: new Uint8Array(40) }]);
    const outcomes = await fusion.stage.process([
      fusion.message(fusion.encoded('lost', { picture: 'gone', ids: SHIRT })),
      fusion.message(fusion.encoded('foreign', { ids: SHIRT }, { encoderId: 'other@000000000000' })),
      fusion.message(fusion.encoded('damaged', { ids: SHOE }, { lane: 'backfill' })),
      fusion.message(fusion.encoded('whole', { ids: SHIRT })),
    ]);
    expect(outcomes.map((outcome) => (outcome.kind === 'emit' ? [outcome.note, outcome.records[0]?.topic] : outcome))).toEqual([
      ['SENT_BACK', 'product.events'],
      ['SENT_BACK', 'product.events'],
      ['SENT_BACK', 'product.events.backfill'],
      [undefined, 'listings.predicted'],
    ]);
    expect(await cache.existMany([fusion.textKey(SHOE)])).toEqual([false]);
    expect(fusion.counts.sentBack).toBe(3);
  });

  it('gives a listing up that was sent back too often', async () => {
    const [outcome] = await fusion.stage.process([fusion.message(fusion.encoded('p1', { ids: SHIRT }), { 'labelstream-requeue': '1' })]);
    expect(outcome).toMatchObject({ kind: 'deadLetter', code: 'REQUEUE_EXHAUSTED' });
  });

  it('fails only the listing whose scores are not finite', async () => {
    await fusion.store({ ids: SHIRT });
    const notANumber = encodeTokenSequence(new Float32Array(8).fill(Number.NaN), 1, 8, new Float32Array(6));
    await cache.setMany([{ key: fusion.textKey(SHOE), value: notANumber }]);
    const outcomes = await fusion.stage.process([
      fusion.message(fusion.encoded('p1', { ids: SHOE })),
      fusion.message(fusion.encoded('p2', { ids: SHIRT })),
    ]);
    expect(outcomes).toMatchObject([{ kind: 'deadLetter', code: 'STAGE_FAILED' }, { kind: 'emit' }]);
    expect(fusion.counts.notFinite).toBe(1);
  });

  it('lets a record that cannot be decoded harm only itself', async () => {
    await fusion.store({ ids: SHIRT });
    const good = fusion.message(fusion.encoded('p1', { ids: SHIRT }));
    const outcomes = await fusion.stage.process([{ ...good, value: Buffer.from('no avro') }, { ...good, value: null }, good]);
    expect(outcomes).toMatchObject([
      { kind: 'deadLetter', code: 'EVENT_NOT_DECODABLE' },
      { kind: 'deadLetter', code: 'EVENT_NOT_DECODABLE' },
      { kind: 'emit' },
    ]);
  });

  it('throws what is retriable when the cache does not answer', async () => {
    const down = async () => {
      throw new LabelstreamError('CACHE_UNAVAILABLE', 'no answer');
    };
    const other = await openFusion({ ...cache, getMany: down });
    await expect(other.stage.process([other.message(other.encoded('p1', { ids: SHIRT }))])).rejects.toMatchObject({ retriable: true });
    await other.close();
  });
});
