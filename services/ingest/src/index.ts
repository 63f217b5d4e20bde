import { loadBundle } from '@labelstream/shared/bundle/load';
import { printRedacted, readConfig } from '@labelstream/shared/config';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import type { Service, ServiceContext } from '@labelstream/shared/service/service';
import { openImageSources } from './adapters/image-sources.js';
import { openEvent } from './arrival.js';
import { conclude, passDeletion } from './conclude.js';
import { type IngestSettings, ingestSettings } from './config.js';
import { createFindImages } from './find-images.js';
import { createHastyGate, createHostGate } from './host-gate.js';
import { createIngestMetrics } from './metrics.js';
import { createPixelStore } from './pixel-store.js';
import { openPreparation, type Preparation } from './preparation.js';
import { startRetryConsumer } from './retry-consumer.js';
import { createIngestStage, type IngestSteps } from './stage.js';

/** The ingest service: turns product events into model inputs. */
export const ingestService: Service = {
  name: 'ingest',
  async create(context, env) {
    const settings = readConfig(ingestSettings, env);
    const preparation = await openPreparation(await loadBundle(settings.ENCODER_BUNDLE, 'encoder'), {
      maxTextBytes: settings.MAX_TEXT_BYTES,
      maxPixels: settings.MAX_IMAGE_PIXELS,
      decodeConcurrency: settings.DECODE_CONCURRENCY,
    });
    const { broker, retryQueue, topics, log } = context;
    const producer = await broker.producer();
    const sources = openImageSources(settings);
    const close = async () => {
      await retryQueue.close();
      await producer.close();
      sources.close();
    };
    try {
      await startRetryConsumer({ retryQueue, producer, topics });
    } catch (error) {
      await producer.close();
      throw error;
    }
    log.info({ bundle: preparation.encoderId, settings: printRedacted(settings) }, 'model inputs are prepared for this encoder');
    return { stage: createIngestStage(wireSteps(context, settings, preparation, sources)), close };
  },
};

function wireSteps(context: ServiceContext, settings: IngestSettings, preparation: Preparation, sources: ImageSource): IngestSteps {
  const { cache, codecs, metrics: registry, retryQueue, topics } = context;
  const { preprocessId, encoderId } = preparation;
  const metrics = createIngestMetrics(registry);
  const opening = {
    codec: codecs.productEvent,
    now: Date.now,
    maxEventBytes: settings.MAX_EVENT_BYTES,
    maxTextBytes: settings.MAX_TEXT_BYTES,
    maxRequeues: settings.REQUEUE_LIMIT,
  };
  const concluding = {
    codec: codecs.prepared,
    topics,
    preprocessId,
    metrics,
    retries: { retryQueue, delaysMs: settings.IMAGE_RETRY_DELAYS_MS, random: Math.random },
  };
  const gate = {
    maxPerHost: settings.FETCH_PER_HOST,
    restAfterTimeouts: settings.HOST_REST_AFTER,
    restMs: settings.HOST_REST_MS,
    now: Date.now,
  };
  const source = createHostGate(sources, gate);
  const findImages = createFindImages({
    source,
    furtherSource: createHastyGate(source, gate),
    pixels: createPixelStore({ cache, preprocessId, encoderId, ttlMs: settings.PIXEL_TTL_MS }),
    decode: preparation.pixels,
    metrics,
    fetchConcurrency: settings.FETCH_CONCURRENCY,
    maxTried: settings.MAX_IMAGES_TRIED,
    maxImages: settings.MAX_IMAGES,
    patienceMs: settings.IMAGE_PATIENCE_MS,
    furtherPatienceMs: settings.FURTHER_IMAGES_PATIENCE_MS,
    timeoutMs: settings.IMAGE_TIMEOUT_MS,
  });
  return {
    open: (message) => openEvent(message, opening),
    prepareText: preparation.text,
    findImages,
    conclude: (arrival, text, image) => conclude(arrival, text, image, concluding),
    passDeletion: (arrival) => passDeletion(arrival, concluding),
  };
}
