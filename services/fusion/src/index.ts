import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import { readConfig } from '@labelstream/shared/config';
import { sequenceDims } from '@labelstream/shared/model/encoder-model';
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
    const metrics = createFusionMetrics(registry);
    const { inference, model } = await openBundles([bundle], settings, async (inference) => {
      const model = createFusionModel(bundle, encoder, { inference, maxRunSize: settings.INFERENCE_RUN_SIZE, onRun: metrics.run });
      await model.warmUp();
      return model;
    });
    log.info({ bundle: bundle.id, encoder: encoder.id, threads: settings.INFERENCE_THREADS }, 'fusion bundle verified');
    const stage = createFusionStage({
      model,
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
