import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import type { ArchivedSequence } from '@labelstream/shared/archive/records';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { preprocessId } from '@labelstream/shared/bundle/preprocess-id';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing, PreparedListing } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import { createEncoderModel } from '@labelstream/shared/model/encoder-model';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { type Content, firstMessage, listingFields, sha256 } from '../../../packages/shared/test/fixtures/listings.js';
import type { EncoderMetrics } from '../src/metrics.js';
import { createEncoderStage } from '../src/stage.js';

export const TINY_ENCODER = 'packages/shared/test/fixtures/bundles/encoder';
const PIXEL_BYTES = 8 * 6 * 3;

/** The encoder stage over the tiny bundle and any store, with what it ran and counted. */
export async function openEncoder(cache: KeyValueStore) {
  const bundle = await loadBundle(TINY_ENCODER, 'encoder');
  const runs: { graph: string; rows: number }[] = [];
  const counts: Record<string, { cached: number; repeated: number; computed: number }> = {};
  const { inference, model } = await openBundles([bundle], { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' }, async (opened) =>
    createEncoderModel(bundle, { inference: opened, maxRunSize: 4, onRun: (graph, rows) => runs.push({ graph, rows }) }),
  );
  const metrics: EncoderMetrics = {
    run: () => {},
    contents: (modality, numbers) => {
      counts[modality] = numbers;
    },
    sentBack: () => {},
    archive: { records: () => {}, stored: () => {}, failed: () => {}, buffered: () => {} },
  };
  const archived: { sequences: ArchivedSequence[]; listings: EncodedListing[] } = { sequences: [], listings: [] };
  const codecs = await createCodecs();
  const topics = topicNames();
  const stage = createEncoderStage({
    encoderId: bundle.id,
    model,
    cache,
    tokenTtlMs: 60_000,
    metrics,
    archive: {
      sequence: (sequence) => void archived.sequences.push(sequence),
      listing: (listing) => void archived.listings.push(listing),
      close: async () => {},
    },
    codecs,
    topics,
    sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: 1 }),
  });
  const pixelsId = preprocessId(bundle.manifest.preprocess);
  return {
    bundle,
    codecs,
    stage,
    runs,
    counts,
    archived,
    close: inference.close,
    /** A prepared listing with the image `picture` and the text of `ids`; either may be left out. */
    prepared: (productId: string, content: Content, over: Partial<PreparedListing> = {}): PreparedListing => ({
      ...listingFields(productId, content),
      tokenIds: [...(content.ids ?? [])],
      preprocessId: pixelsId,
      ...over,
    }),
    message: (record: PreparedListing, headers: Record<string, string> = {}): InMessage =>
      firstMessage('listings.prepared', record, codecs.prepared.encode(record), headers),
    storePixels: (...pictures: string[]) =>
      cache.setMany(
        pictures.map((picture) => ({
          key: cacheKeys.pixels(pixelsId, sha256(picture)),
          value: new Uint8Array(PIXEL_BYTES).fill(picture.length * 17),
          ttlMs: 60_000,
        })),
      ),
    pixelKey: (picture: string) => cacheKeys.pixels(pixelsId, sha256(picture)),
    imageKey: (picture: string) => cacheKeys.imageTokens(bundle.id, sha256(picture)),
    textKey: (ids: number[]) => cacheKeys.textTokens(bundle.id, sha256(ids.join(' '))),
    /** The encoded records of outcomes that went on. */
    decode: async (outcomes: readonly Outcome[]) =>
      Promise.all(outcomes.map(async (outcome) => (outcome.kind === 'emit' ? codecs.encoded.decode(outcome.records[0]!.value!) : outcome))),
  };
}
