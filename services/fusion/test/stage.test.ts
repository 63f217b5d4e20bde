import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { encodeTokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFusion, TINY_CAPTION } from './harness.js';

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

  /** Pictures of different brightness, the one that fits SHIRT best first. */
  async function byMatch(...pictures: string[]): Promise<string[]> {
    const matched: [number, string][] = [];
    for (const picture of pictures) {
      await fusion.store({ picture, ids: SHIRT });
      const [record] = await fusion.decode(await fusion.stage.process([fusion.message(fusion.encoded('p', { picture, ids: SHIRT }))]));
      matched.push([record!.imageTextMatch!, picture]);
    }
    return matched.sort(([a], [b]) => b - a).map(([, picture]) => picture);
  }

  it('labels from the image that fits the text best, and says which it is', async () => {
    const [best, good, worst] = await byMatch('a', 'bbb', 'ccccc');
    const outcomes = await fusion.stage.process([
      fusion.message(fusion.encoded('p1', { picture: worst!, further: [best!, good!], ids: SHIRT })),
      fusion.message(fusion.encoded('p2', { picture: best!, further: [good!], ids: SHIRT })),
      fusion.message(fusion.encoded('p3', { picture: best!, ids: SHIRT })),
      fusion.message(fusion.encoded('p4', { picture: worst!, further: [best!] })),
    ]);
    const [second, first, alone, withoutText] = await fusion.decode(outcomes);
    expect(second).toMatchObject({ imageIndex: 1, image: { state: 'USED', sha256: alone!.image.sha256 } });
    expect([second!.labels, second!.imageTextMatch]).toEqual([alone!.labels, alone!.imageTextMatch]);
    expect(first).toMatchObject({ imageIndex: 0, image: alone!.image });
    expect(withoutText).toMatchObject({ imageIndex: 0 });
    expect(withoutText!.image.sha256).not.toBe(alone!.image.sha256);
    expect(second).not.toHaveProperty('candidates');
    expect(fusion.counts.reordered).toBe(1);
  });

  it('reads records of before there were several images', async () => {
    await fusion.store({ picture: 'a', ids: SHIRT });
    const { imageIndex: _, ...old } = fusion.encoded('p1', { picture: 'a', ids: SHIRT });
    const [record] = await fusion.decode(await fusion.stage.process([fusion.message(old)]));
    expect(record).toMatchObject({ image: { state: 'USED' }, mismatched: false });
    expect(record).not.toHaveProperty('imageIndex');
  });

  it('sends a listing back that has lost a further image; once that is over, it is labelled without it', async () => {
    const [best, good] = await byMatch('a', 'bbb');
    const listing = fusion.encoded('p1', { picture: good!, further: ['gone', best!], ids: SHIRT });
    expect((await fusion.stage.process([fusion.message(listing)]))[0]).toMatchObject({ kind: 'emit', note: 'SENT_BACK' });
    const outcomes = await fusion.stage.process([fusion.message(listing, { 'labelstream-requeue': '1' })]);
    expect((await fusion.decode(outcomes))[0]).toMatchObject({ imageIndex: 2 });
  });

  it('labels a listing whose text does not fit from the image alone, says so and counts it', async () => {
    await fusion.close();
    fusion = await openFusion(cache, { threshold: 1 });
    await fusion.store({ picture: 'a', ids: SHIRT });
    const outcomes = await fusion.stage.process([
      fusion.message(fusion.encoded('p1', { picture: 'a', ids: SHIRT })),
      fusion.message(fusion.encoded('p2', { picture: 'a' })),
    ]);
    const [flagged, alone] = await fusion.decode(outcomes);
    expect(flagged).toMatchObject({ mismatched: true, text: { state: 'USED' }, labels: alone!.labels });
    expect(flagged!.imageTextMatch).toBeLessThan(1);
    expect(alone).toMatchObject({ mismatched: false });
    expect(fusion.counts.mismatched).toBe(1);
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

  it('proposes a title for a listing without text where captions are switched on, and labels it as it does without them', async () => {
    const { manifest, ...bundle } = await loadBundle(TINY_CAPTION, 'caption');
    const captions = { ...bundle, manifest: { ...manifest, decoding: { ...manifest.decoding, minConfidence: 0 } } };
    const titled = await openFusion(cache, { captions });
    await fusion.store({ picture: 'a', ids: SHIRT });
    const batch = [
      fusion.message(fusion.encoded('p1', { picture: 'a' })),
      fusion.message(fusion.encoded('p2', { picture: 'a', ids: SHIRT })),
    ];
    const [plain, complete] = await fusion.decode(await fusion.stage.process(batch));
    const [suggested, untouched] = await titled.decode(await titled.stage.process(batch));
    await titled.close();
    expect(suggested).toEqual({
      ...plain,
      suggestedTitle: { text: expect.any(String), tokenConfidence: expect.any(Number), model: bundle.id },
    });
    expect(suggested!.text.state).toBe('MISSING');
    expect(suggested!.imageTextMatch).toBeUndefined();
    expect(untouched).toEqual(complete);
    expect([titled.counts.suggested, fusion.counts.suggested]).toEqual([1, 0]);
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
