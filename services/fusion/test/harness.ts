import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, CaptionManifest } from '@labelstream/shared/bundle/manifest';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import { createCaptionModel } from '@labelstream/shared/model/caption-model';
import { createEncoderModel, sequenceDims } from '@labelstream/shared/model/encoder-model';
import { createFusionModel } from '@labelstream/shared/model/fusion-model';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { Registry } from 'prom-client';
import { type Content, firstMessage, listingFields, sha256 } from '../../../packages/shared/test/fixtures/listings.js';
import type { FusionMetrics } from '../src/metrics.js';
import { createServingMetrics } from '../src/serving/metrics.js';
import { createHeadPool, type Head } from '../src/serving/pool.js';
import { openServingSwitch } from '../src/serving/switch.js';
import { createFusionStage } from '../src/stage.js';

export const TINY_ENCODER = 'packages/shared/test/fixtures/bundles/encoder';
export const TINY_FUSION = 'packages/shared/test/fixtures/bundles/fusion';
export const TINY_CAPTION = 'packages/shared/test/fixtures/bundles/caption';

/** The fusion stage over the tiny bundle pair and any store; `threshold` on the match of image and text, where there is to be one. */
export async function openFusion(
  cache: KeyValueStore,
  { threshold, captions }: { readonly threshold?: number; readonly captions?: Bundle<CaptionManifest> } = {},
) {
  const [encoderBundle, shipped] = await Promise.all([loadBundle(TINY_ENCODER, 'encoder'), loadBundle(TINY_FUSION, 'fusion')]);
  const match = threshold === undefined ? {} : { match: { threshold, falseAlarms: 0, found: 1, foundAt2Percent: 1, auroc: 1 } };
  const bundle = { ...shipped, manifest: { ...shipped.manifest, ...match } };
  const { inference, model } = await openBundles(
    [encoderBundle, bundle, ...(captions === undefined ? [] : [captions])],
    { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' },
    async (opened) => {
      const options = { inference: opened, maxRunSize: 4 };
      return {
        encoder: createEncoderModel(encoderBundle, options),
        fusion: createFusionModel(bundle, encoderBundle, options),
        captions: captions && createCaptionModel(captions, encoderBundle, options),
      };
    },
  );
  const head: Head = { id: bundle.id, model: model.fusion, failed: inference.failed, close: async () => {} };
  const active = { bundle: TINY_FUSION, id: bundle.id, generation: 1 };
  const heads = await openServingSwitch(
    createHeadPool(async () => head),
    { number: 0, serving: { active } },
  );
  const counts = { decided: 0, mismatched: 0, reordered: 0, suggested: 0, sentBack: 0, notFinite: 0 };
  const metrics: FusionMetrics = {
    ...createServingMetrics(new Registry()),
    run: () => {},
    decided: () => counts.decided++,
    matched: ({ mismatched, reordered }) => {
      counts.mismatched += Number(mismatched);
      counts.reordered += Number(reordered);
    },
    suggested: () => counts.suggested++,
    sentBack: () => counts.sentBack++,
    notFinite: () => counts.notFinite++,
  };
  const codecs = await createCodecs();
  const topics = topicNames();
  const stage = createFusionStage({
    heads,
    follower: { glance: async () => {} },
    shadow: { observe: () => {} },
    ...(model.captions === undefined || captions === undefined ? {} : { captions: { model: model.captions, bundleId: captions.id } }),
    cache,
    encoderId: encoderBundle.id,
    dims: sequenceDims(encoderBundle.manifest),
    codecs,
    topics,
    sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: 1 }),
    metrics,
  });
  const imageKey = (picture: string) => cacheKeys.imageTokens(encoderBundle.id, sha256(picture));
  const textKey = (ids: number[]) => cacheKeys.textTokens(encoderBundle.id, sha256(ids.join(' ')));
  return {
    encoderId: encoderBundle.id,
    codecs,
    stage,
    counts,
    close: inference.close,
    imageKey,
    textKey,
    /** Encodes a picture and a text into the store, as the encoder service does. */
    store: async ({ picture, ids }: { picture?: string; ids?: number[] }) => {
      const image = picture === undefined ? [] : await model.encoder.encodeImages([new Uint8Array(8 * 6 * 3).fill(picture.length * 31)]);
      const text = ids === undefined ? [] : await model.encoder.encodeTexts([ids]);
      await cache.setMany([
        ...image.map((value) => ({ key: imageKey(picture ?? ''), value, ttlMs: 60_000 })),
        ...text.map((value) => ({ key: textKey(ids ?? []), value, ttlMs: 60_000 })),
      ]);
    },
    encoded: (productId: string, content: Content, over: Partial<EncodedListing> = {}): EncodedListing => ({
      ...listingFields(productId, content),
      encoderId: encoderBundle.id,
      ...over,
    }),
    message: (record: EncodedListing, headers: Record<string, string> = {}): InMessage =>
      firstMessage('listings.encoded', record, codecs.encoded.encode(record), headers),
    /** The predicted records of outcomes that went on. */
    decode: (outcomes: readonly Outcome[]) =>
      Promise.all(
        outcomes.map((outcome) => {
          if (outcome.kind !== 'emit') throw new Error(`not emitted: ${JSON.stringify(outcome)}`);
          return codecs.predicted.decode(outcome.records[0]!.value!);
        }),
      ),
  };
}
