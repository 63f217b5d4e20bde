import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { checkCaptionPair, checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, CaptionManifest, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { readConfig } from '@labelstream/shared/config';
import { createCaptionModel } from '@labelstream/shared/model/caption-model';
import { type ModelOptions, sequenceDims } from '@labelstream/shared/model/encoder-model';
import { createFusionModel } from '@labelstream/shared/model/fusion-model';
import type { Service } from '@labelstream/shared/service/service';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { fusionSettings } from './config.js';
import { createFusionMetrics } from './metrics.js';
import { createFusionStage } from './stage.js';

/** The fusion service: the multi-task head over the token sequences of both towers. */
export const fusionService: Service = {
  name: 'fusion',
  async create({ cache, codecs, log, metrics: registry, topics }, env) {
    const settings = readConfig(fusionSettings, env);
    const encoder = await loadBundle(settings.ENCODER_BUNDLE, 'encoder');
    const bundle = await loadBundle(settings.FUSION_BUNDLE, 'fusion');
    checkPair(encoder, bundle);
    const captionBundle = await loadCaptionBundle(settings.CAPTION_BUNDLE, encoder);
    const metrics = createFusionMetrics(registry);
    const bundles: readonly Bundle[] = [bundle, ...(captionBundle === undefined ? [] : [captionBundle])];
    const { inference, model } = await openBundles(bundles, settings, async (inference) => {
      const options = { inference, maxRunSize: settings.INFERENCE_RUN_SIZE, onRun: metrics.run };
      const model = { fusion: createFusionModel(bundle, encoder, options), captions: openCaptions(captionBundle, encoder, options) };
      await model.fusion.warmUp();
      await model.captions?.model.warmUp();
      return model;
    });
    const ids = { bundle: bundle.id, encoder: encoder.id, ...(captionBundle === undefined ? {} : { captions: captionBundle.id }) };
    log.info({ ...ids, threads: settings.INFERENCE_THREADS }, 'fusion bundle verified');
    const stage = createFusionStage({
      model: model.fusion,
      ...(model.captions === undefined ? {} : { captions: model.captions }),
      modelRef: { encoder: encoder.id, fusion: bundle.id, generation: bundle.manifest.generation },
      cache,
      encoderId: encoder.id,
      dims: sequenceDims(encoder.manifest),
      codecs,
      topics,
      sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: settings.REQUEUE_LIMIT }),
      metrics,
    });
    return { stage, failed: inference.failed, close: inference.close };
  },
};

/** The bundle that proposes titles; undefined where captions are switched off. Throws BUNDLE_INVALID and BUNDLE_MISMATCH. */
async function loadCaptionBundle(folder: string, encoder: Bundle<EncoderManifest>): Promise<Bundle<CaptionManifest> | undefined> {
  if (folder === '') return undefined;
  const bundle = await loadBundle(folder, 'caption');
  checkCaptionPair(encoder, bundle);
  return bundle;
}

function openCaptions(bundle: Bundle<CaptionManifest> | undefined, encoder: Bundle<EncoderManifest>, options: ModelOptions) {
  return bundle && { bundleId: bundle.id, model: createCaptionModel(bundle, encoder, options) };
}
