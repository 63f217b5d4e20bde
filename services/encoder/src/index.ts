import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { readConfig } from '@labelstream/shared/config';
import { createEncoderModel } from '@labelstream/shared/model/encoder-model';
import type { Service } from '@labelstream/shared/service/service';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import { openArchive } from './archive.js';
import { encoderSettings } from './config.js';
import { createEncoderMetrics } from './metrics.js';
import { createEncoderStage } from './stage.js';

/** The encoder service: runs the CLIP image and text towers and keeps their token sequences in the cache. */
export const encoderService: Service = {
  name: 'encoder',
  async create({ cache, codecs, log, metrics: registry, topics }, env) {
    const settings = readConfig(encoderSettings, env);
    const bundle = await loadBundle(await fetchBundle(settings.ENCODER_BUNDLE, settings), 'encoder');
    const metrics = createEncoderMetrics(registry);
    const archive = await openArchive({ settings, encoderId: bundle.id, metrics: metrics.archive, log });
    const { inference, model } = await openBundles([bundle], settings, async (inference) => {
      const model = createEncoderModel(bundle, { inference, maxRunSize: settings.INFERENCE_RUN_SIZE, onRun: metrics.run });
      await model.warmUp();
      return model;
    });
    log.info({ bundle: bundle.id, threads: settings.INFERENCE_THREADS }, 'encoder bundle verified');
    const stage = createEncoderStage({
      encoderId: bundle.id,
      model,
      cache,
      tokenTtlMs: settings.TOKEN_TTL_MS,
      metrics,
      ...(archive === undefined ? {} : { archive }),
      codecs,
      topics,
      sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: settings.REQUEUE_LIMIT }),
    });
    const close = async () => {
      await inference.close();
      await archive?.close();
    };
    return { stage, failed: inference.failed, close };
  },
};
