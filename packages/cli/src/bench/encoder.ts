import { startEngine, stopEngine } from '@labelstream/local/engine';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { type BareLoopResult, bareLoop } from '@labelstream/shared/adapters/onnx/bare-loop';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { preprocessId } from '@labelstream/shared/bundle/preprocess-id';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { PreparedListing } from '@labelstream/shared/events/records';
import { type TopicNames, topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { bundleFolder } from '../models/reference.js';
import { engineSettings, startStages, stopStages } from '../pipeline/stage-processes.js';
import { round } from '../round.js';
import { randomIds, randomPixels, TITLE_TOKENS, uniqueHash } from './inputs.js';
import type { BenchOptions, BenchResult } from './options.js';
import { steadyRate } from './steady-rate.js';

/** The encoder service against a bare ONNX Runtime loop. */
export interface EncoderBenchReport {
  /** Listings/s of the service over those of the bare loop (mean of before and after) at its best batch size. */
  readonly encoderOverBare: number;
  readonly serviceListingsPerSecond: number;
  readonly bareListingsPerSecond: { readonly before: number; readonly after: number; readonly batchSize: number };
  readonly bareByBatchSize: readonly BareLoopResult[];
  readonly listings: number;
  readonly threads: number;
  readonly encoder: string;
}

const PARTITIONS = 4;
const BATCH_SIZES = [1, 4, 8, 16, 32, 64];
const SECONDS_EACH = 3;
const WRITE_AT_ONCE = 500;
const PIXEL_TTL_MS = 60 * 60 * 1000;

/**
 * The encoder service, through Kafka and Redis, against a bare ONNX Runtime loop with as many threads: bare, service, bare, in one run. All
 * listings are on the topic and all pixels in the cache before the service starts, and none is in the token cache.
 */
export async function benchEncoder(options: BenchOptions): Promise<BenchResult> {
  const { config, threads, log } = options;
  const bundle = await loadBundle(await bundleFolder(config.encoderBundle, config), 'encoder');
  log('measuring the bare loop at several batch sizes');
  const bare = (batchSizes: readonly number[], seconds: number) =>
    bareLoop({ bundle, threads, batchSizes, seconds, textLengths: TITLE_TOKENS });
  const before = await bare(BATCH_SIZES, SECONDS_EACH);
  const { batchSize = 1, listingsPerSecond = 0 } = before[0] ?? {};
  const listings = Math.ceil(listingsPerSecond * options.seconds);
  const service = await measureService(bundle, listings, options);
  log('measuring the bare loop again');
  const [after] = await bare([batchSize], 2 * SECONDS_EACH);
  const afterRate = after?.listingsPerSecond ?? listingsPerSecond;
  const report: EncoderBenchReport = {
    encoderOverBare: round(service / ((listingsPerSecond + afterRate) / 2), 3),
    serviceListingsPerSecond: round(service, 1),
    bareListingsPerSecond: { before: round(listingsPerSecond, 1), after: round(afterRate, 1), batchSize },
    bareByBatchSize: before.map((each) => ({ ...each, listingsPerSecond: round(each.listingsPerSecond, 1) })),
    listings,
    threads,
    encoder: bundle.id,
  };
  const { before: first, after: last } = report.bareListingsPerSecond;
  const loop = `${first} and ${last} listings/s (batch size ${batchSize}, ${threads} thread${threads === 1 ? '' : 's'})`;
  return {
    report,
    lines: [`encoder service ${report.serviceListingsPerSecond} listings/s ÷ bare loop ${loop} = ${report.encoderOverBare}`],
  };
}

async function measureService(bundle: Bundle<EncoderManifest>, listings: number, options: BenchOptions): Promise<number> {
  const { config, log, logger, signal, threads } = options;
  const { dataDir, repositoryRoot } = config;
  const engine = await startEngine({ dataDir, log });
  const topicPrefix = `bench-${Date.now().toString(36)}.`;
  const broker = createKafkaBroker({ brokers: engine.brokers, clientId: 'labelstream-bench', log: logger });
  const cache = await createRedisKeyValueStore({ url: engine.redisCache, role: 'cache', log: logger });
  const topics = topicNames(topicPrefix);
  let names: string[] = [];
  try {
    await broker.ensureTopics(topics.all(), { partitions: PARTITIONS });
    log(`writing ${listings} listings and their pixels`);
    await fill({ broker, cache, topics, codecs: await createCodecs(), bundle, listings, salt: topicPrefix });
    const settings = {
      ...engineSettings(engine),
      ENCODER_BUNDLE: bundle.directory,
      INFERENCE_THREADS: String(threads),
      LOG_LEVEL: 'warn',
    };
    const processes = await startStages({ repositoryRoot, dataDir, stages: ['encoder'], topicPrefix, settings, log, signal });
    names = processes.map(({ service }) => service);
    log('the encoder service is at work');
    return await steadyRate(arrivals(broker, topics.of('encoded'), signal), listings);
  } finally {
    await stopStages(dataDir, names, log);
    await cache.close();
    await broker.close();
    if (engine.started) await stopEngine(dataDir);
  }
}

interface FillDeps {
  readonly broker: Broker;
  readonly cache: KeyValueStore;
  readonly topics: TopicNames;
  readonly codecs: Codecs;
  readonly bundle: Bundle<EncoderManifest>;
  readonly listings: number;
  /** Makes the hashes of this run its own. */
  readonly salt: string;
}

async function fill({ broker, cache, topics, codecs, bundle, listings, salt }: FillDeps): Promise<void> {
  const { preprocess, text } = bundle.manifest;
  const id = preprocessId(preprocess);
  const producer = await broker.producer();
  for (let at = 0; at < listings; at += WRITE_AT_ONCE) {
    const indices = Array.from({ length: Math.min(WRITE_AT_ONCE, listings - at) }, (_, i) => at + i);
    const imageHash = (index: number) => uniqueHash(`${salt} image`, index);
    await cache.setMany(
      indices.map((index) => ({
        key: cacheKeys.pixels(id, imageHash(index)),
        value: randomPixels(preprocess, index),
        ttlMs: PIXEL_TTL_MS,
      })),
    );
    const records = indices.map(
      (index): PreparedListing => ({
        productId: `bench-${index}`,
        version: 1,
        revision: 0,
        op: 'UPSERT',
        lane: 'live',
        listing: { title: `bench ${index}`, attributes: {}, images: [] },
        occurredAt: Date.now(),
        receivedAt: Date.now(),
        image: { state: 'USED', sha256: imageHash(index) },
        imageIndex: 0,
        candidates: [],
        text: { state: 'USED', sha256: uniqueHash(`${salt} text`, index) },
        tokenIds: randomIds(text, index),
        preprocessId: id,
      }),
    );
    await producer.send(
      records.map((record) => ({ topic: topics.of('prepared'), key: record.productId, value: codecs.prepared.encode(record) })),
    );
  }
  await producer.close();
}

/** The time at which each encoded listing was written. */
async function* arrivals(broker: Broker, topic: string, signal: AbortSignal): AsyncGenerator<number> {
  for await (const { timestampMs } of broker.read({ topic, from: 'earliest', follow: true, signal })) yield timestampMs;
}
