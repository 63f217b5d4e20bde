import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { checkCaptionPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { readConfig } from '@labelstream/shared/config';
import { createCaptionModel } from '@labelstream/shared/model/caption-model';
import { sequenceDims } from '@labelstream/shared/model/encoder-model';
import { createServingStore } from '@labelstream/shared/model/serving/store';
import type { Service } from '@labelstream/shared/service/service';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { type FusionSettings, fusionSettings } from './config.js';
import { createFusionMetrics, type FusionMetrics } from './metrics.js';
import { createOpenHead } from './serving/open-head.js';
import { startServing } from './serving/start.js';
import { createFusionStage } from './stage.js';

/** The fusion service: the multi-task head over the token sequences of both towers. */
export const fusionService: Service = {
  name: 'fusion',
  async create({ cache, codecs, log, metrics: registry, state, topicPrefix, topics }, env) {
    const settings = readConfig(fusionSettings, env);
    const encoder = await loadBundle(await fetchBundle(settings.ENCODER_BUNDLE, settings), 'encoder');
    const metrics = createFusionMetrics(registry);
    const captions = await openCaptions(encoder, settings, metrics);
    const serving = await startServing({
      store: createServingStore({ state, prefix: topicPrefix, random: Math.random }),
      id: `${hostname()}-${randomUUID().slice(0, 8)}`,
      openHead: createOpenHead({ encoder, settings, onRun: metrics.run }),
      fallback: () => fallbackHead(settings),
      metrics,
      log,
      now: Date.now,
      random: Math.random,
    }).catch(async (error: unknown) => {
      await captions?.close();
      throw error;
    });
    const { heads, follower, shadow } = serving;
    const ids = { serving: heads.current().serving, encoder: encoder.id, ...(captions && { captions: captions.bundleId }) };
    log.info({ ...ids, threads: settings.INFERENCE_THREADS }, 'fusion bundle verified');
    const stage = createFusionStage({
      heads,
      follower,
      shadow,
      ...(captions === undefined ? {} : { captions }),
      cache,
      encoderId: encoder.id,
      dims: sequenceDims(encoder.manifest),
      codecs,
      topics,
      sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: settings.REQUEUE_LIMIT }),
      metrics,
    });
    const close = async () => {
      await serving.close();
      await captions?.close();
    };
    // All heads share one inference thread.
    return { stage, failed: heads.current().active.failed, close };
  },
};

/** FUSION_BUNDLE, ranked by the generation of its manifest. */
async function fallbackHead(settings: FusionSettings) {
  const { id, manifest } = await loadBundle(await fetchBundle(settings.FUSION_BUNDLE, settings), 'fusion');
  return { bundle: settings.FUSION_BUNDLE, id, generation: manifest.generation };
}

/** What proposes titles; undefined where captions are switched off. Throws BUNDLE_INVALID and BUNDLE_MISMATCH. */
async function openCaptions(encoder: Bundle<EncoderManifest>, settings: FusionSettings, metrics: FusionMetrics) {
  if (settings.CAPTION_BUNDLE === '') return undefined;
  const bundle = await loadBundle(await fetchBundle(settings.CAPTION_BUNDLE, settings), 'caption');
  checkCaptionPair(encoder, bundle);
  const { inference, model } = await openBundles([bundle], settings, async (opened) => {
    const captions = createCaptionModel(bundle, encoder, {
      inference: opened,
      maxRunSize: settings.INFERENCE_RUN_SIZE,
      onRun: metrics.run,
    });
    await captions.warmUp();
    return captions;
  });
  return { model, bundleId: bundle.id, close: inference.close };
}
