import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { printRedacted, readConfig } from '@labelstream/shared/config';
import type { ImageSource } from '@labelstream/shared/ports/image-source';
import type { Service, ServiceContext } from '@labelstream/shared/service/service';
import { printable } from '@labelstream/shared/stream/dead-letter';
import { openImageSources } from './adapters/image-sources.js';
import { openEvent } from './arrival.js';
import { conclude, passDeletion } from './conclude.js';
import { type IngestSettings, ingestSettings } from './config.js';
import { createFindImages } from './find-images.js';
import { createHastyGate, createHostGate } from './host-gate.js';
import { createIngestMetrics, type IngestMetrics } from './metrics.js';
import { createPixelStore } from './pixel-store.js';
import { openPreparation, type Preparation } from './preparation.js';
import { rest } from './rest.js';
import { startRetryConsumer } from './retry-consumer.js';
import { createIngestStage, type IngestSteps } from './stage.js';

/** The ingest service: turns product events into model inputs. */
export const ingestService: Service = {
  name: 'ingest',
  async create(context, env) {
    const settings = readConfig(ingestSettings, env);
    const preparation = await openPreparation(await loadBundle(await fetchBundle(settings.ENCODER_BUNDLE, settings), 'encoder'), {
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
  const { cache, codecs, metrics: registry, retryQueue, topics, log } = context;
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
  const { source, furtherSource } = gateHosts(sources, settings, metrics, log);
  const findImages = createFindImages({
    source,
    furtherSource,
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
    open: async (message) => rest(await openEvent(message, opening), { retryQueue, random: Math.random }),
    prepareText: preparation.text,
    findImages,
    conclude: (arrival, text, image) => conclude(arrival, text, image, concluding),
    passDeletion: (arrival) => passDeletion(arrival, concluding),
  };
}

/** A fetch that was given less than this share of its patience says nothing about its host. */
const FAIR_SHARE = 0.25;

/** Image hosts, each with its share of fetches and its circuit. */
function gateHosts(sources: ImageSource, settings: IngestSettings, metrics: IngestMetrics, log: ServiceContext['log']) {
  const gate = {
    maxPerHost: settings.FETCH_PER_HOST,
    circuit: {
      maxFailures: settings.HOST_REST_AFTER,
      openMs: settings.HOST_REST_MS,
      maxOpenMs: Math.max(settings.HOST_REST_MS, settings.HOST_REST_MAX_MS),
      random: Math.random,
    },
    fairMs: settings.IMAGE_PATIENCE_MS * FAIR_SHARE,
    now: Date.now,
    onRefused: metrics.fetchRefused,
  };
  const source = createHostGate(sources, {
    ...gate,
    onOpen(host, forMs) {
      metrics.hostLeftAlone();
      log.warn({ host: printable(host), forMs }, 'an image host keeps failing: it is left alone');
    },
  });
  metrics.openHosts(source.openHosts);
  return { source, furtherSource: createHastyGate(source, { ...gate, fairMs: settings.FURTHER_IMAGES_PATIENCE_MS * FAIR_SHARE }) };
}
