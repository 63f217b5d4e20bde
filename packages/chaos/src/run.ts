import { setTimeout as sleep } from 'node:timers/promises';
import { startEngine } from '@labelstream/local/engine';
import { createTestFolder, removeTestFolder } from '@labelstream/local/testing';
import type { EngineHandle, EngineMemory } from '@labelstream/local/types';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import { groupIdOf } from '@labelstream/shared/service/group-id';
import { waitAtStart } from '@labelstream/shared/service/wait-at-start';
import { measureLag } from '@labelstream/shared/stream/lag';
import { createLifecycle, startOrRollBack } from '@labelstream/shared/stream/lifecycle';
import { STAGE_INPUTS, STAGE_NAMES } from '@labelstream/shared/stream/stage';
import type { Logger } from 'pino';
import { openFusionBundle } from './adapters/bundles.js';
import { keepEvidence, keepLogs } from './adapters/evidence.js';
import { createFleet, type Fleet } from './adapters/fleet.js';
import { BUCKET, type ImageServer, startImageServer } from './adapters/image-server.js';
import { countRetries } from './adapters/redis-faults.js';
import { readLabelSchemas, readTopics } from './adapters/topics.js';
import { createWorld } from './adapters/world.js';
import { check, type Evidence } from './checker/check.js';
import { createLabelDecoder } from './checker/decode.js';
import type { Sent } from './checker/types.js';
import type { FaultKind } from './faults/kinds.js';
import { createRecoveryWatch, type DoneFault } from './faults/recovery.js';
import { runFaults } from './faults/run-faults.js';
import { planFaults } from './faults/schedule.js';
import { type ChaosReport, reportOf } from './report.js';
import { untilRest } from './rest.js';
import { type Contents, drawContents } from './traffic/contents.js';
import { sendTraffic } from './traffic/send.js';
import { createTraffic } from './traffic/traffic.js';

const PREFIX = 'chaos.';
const PARTITIONS = 4;
const MEMORY: EngineMemory = { kafkaHeapMb: 256, cacheMaxMb: 128 };
const MEASURE_EVERY_MS = 500;
/** Images that failed come back soon, and for longer than any fault lasts. */
const RETRY_DELAYS_MS = [500, 1000, 2000, ...Array.from({ length: 27 }, () => 4000)];
const REST_WITHIN_MS = 180_000;
const topics = topicNames(PREFIX);

/** What to do, for how long, and to what. */
export interface ChaosOptions {
  readonly repositoryRoot: string;
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly messagesPerSecond: number;
  /** Bundle folders, absolute. */
  readonly encoderBundle: string;
  readonly fusionBundle: string;
  /** Environment variables of the services on top of those that a run sets. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where logs and records are kept when a promise is broken. */
  readonly keepFolder: string;
  /** A line of progress. */
  readonly log: (line: string) => void;
  readonly onProgress: (progress: { elapsedMs: number; totalMs: number; detail: string }) => void;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Everything that runs during a run. */
interface Scene {
  readonly engine: EngineHandle;
  readonly broker: Broker;
  readonly images: ImageServer;
  readonly contents: Contents;
  readonly fleet: Fleet;
}

/**
 * Starts an engine and two instances of every service in a folder of their own, streams listings while things break, waits until all is at
 * rest and checks what is there. Ends everything it has started, whatever happens.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const lifecycle = createLifecycle(options.logger);
  return startOrRollBack(lifecycle, async () => {
    const scene = await setTheScene(options, lifecycle);
    const report = await perform(options, scene);
    await lifecycle.close();
    return report;
  });
}

async function setTheScene(options: ChaosOptions, lifecycle: ReturnType<typeof createLifecycle>): Promise<Scene> {
  const { log, logger, seed, signal } = options;
  const dataDir = await lifecycle.open('folder', () => createTestFolder(log), removeTestFolder);
  const contents = drawContents(seed);
  const images = await lifecycle.open(
    'images',
    () => startImageServer([...contents.pictures, ...contents.damaged]),
    (opened) => opened.close(),
  );
  const engine = await startEngine({ engine: 'native', dataDir, memory: MEMORY, ports: 'random', log });
  signal.throwIfAborted();
  const broker = await lifecycle.open(
    'broker',
    async () => createKafkaBroker({ brokers: engine.brokers, clientId: 'labelstream-chaos', log: logger }),
    (opened) => opened.close(),
  );
  // A Kafka that has just begun may not lead its partitions yet.
  await waitAtStart(logger, signal)(() => broker.ensureTopics(topics.all(), { partitions: PARTITIONS }));
  const settings = { ...serviceSettings(options, engine, images), ...options.settings };
  const fleet = createFleet({ repositoryRoot: options.repositoryRoot, dataDir, settings, log, signal });
  log(`starting ${fleet.instances.join(', ')}`);
  await lifecycle.open(
    'fleet',
    async () => fleet.start(),
    () => fleet.endSupervision(),
  );
  return { engine, broker, images, contents, fleet };
}

function serviceSettings(options: ChaosOptions, engine: EngineHandle, images: ImageServer): Record<string, string> {
  return {
    TOPIC_PREFIX: PREFIX,
    TOPIC_PARTITIONS: String(PARTITIONS),
    KAFKA_BROKERS: engine.brokers.join(','),
    REDIS_STATE_URL: engine.redisState,
    REDIS_CACHE_URL: engine.redisCache,
    ENCODER_BUNDLE: options.encoderBundle,
    FUSION_BUNDLE: options.fusionBundle,
    IMAGE_HTTP_ALLOWED: 'true',
    IMAGE_HOST_ALLOW: images.host,
    IMAGE_RETRY_DELAYS_MS: RETRY_DELAYS_MS.join(','),
    S3_ENDPOINT: `http://${images.host}`,
    S3_PATH_STYLE: 'true',
    S3_BUCKETS: BUCKET,
    AWS_ACCESS_KEY_ID: 'chaos',
    AWS_SECRET_ACCESS_KEY: 'chaos',
  };
}

async function perform(options: ChaosOptions, scene: Scene): Promise<ChaosReport> {
  const { minutes, seed, signal } = options;
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const pause = (milliseconds: number) => sleep(milliseconds, undefined, { signal });
  const sent: Sent[] = [];
  const faults: DoneFault[] = [];
  const watch = createRecoveryWatch(2 * options.messagesPerSecond);
  const measuring = startMeasuring(options, scene, { sent, elapsedMs, measured: watch.measured });
  try {
    const onReleased = (fault: DoneFault) => {
      faults.push(fault);
      watch.released(fault);
    };
    await breakThings(options, scene, { elapsedMs, onSent: (one) => sent.push(one), onReleased });
    options.log('all faults are done; waiting until nothing waits any more');
    const doneAt = elapsedMs();
    const waiting = () => waitingOf(scene);
    const restAt = await untilRest(REST_WITHIN_MS, { waiting, sleep: pause, now: elapsedMs });
    const drainSeconds = restAt === null ? null : Math.round(Math.max(0, restAt - doneAt) / 100) / 10;
    const { evidence, verdict } = await judge(options, scene, sent);
    const { labels, deadLetters } = evidence;
    const recovery = watch.byKind();
    const restarts = scene.fleet.restarts();
    return reportOf({ seed, minutes, verdict, faults, recovery, drainSeconds, sent, labels, deadLetters, restarts });
  } catch (error) {
    if (!signal.aborted) {
      await keepLogs(options.keepFolder, scene.engine.dataDir);
      options.log(`logs are kept in ${options.keepFolder}`);
    }
    throw error;
  } finally {
    await measuring.stop();
  }
}

interface BreakDeps {
  readonly elapsedMs: () => number;
  readonly onSent: (sent: Sent) => void;
  readonly onReleased: (fault: DoneFault) => void;
}

/** The stream and the faults, side by side. Resolves when all is sent and repaired. */
async function breakThings(options: ChaosOptions, scene: Scene, deps: BreakDeps): Promise<void> {
  const { seed, kinds, messagesPerSecond, log, signal } = options;
  const { elapsedMs, onSent, onReleased } = deps;
  const durationMs = options.minutes * 60_000;
  const { contents, images, broker, fleet, engine } = scene;
  const fusion = await openFusionBundle(options.fusionBundle);
  // When either of the two cannot go on, the other one ends as well.
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const pause = (milliseconds: number) => sleep(milliseconds, undefined, { signal: either });
  const world = createWorld({ engine, memory: MEMORY, fleet, images, fusion, signal: either });
  const imageUris = [(file: string) => `http://${images.host}/${BUCKET}/${file}`, (file: string) => `s3://${BUCKET}/${file}`] as const;
  const producer = await broker.producer();
  const sending = { producer, topics, codecs: await createCodecs({ topicPrefix: PREFIX }), sleep: pause, now: elapsedMs };
  const traffic = createTraffic({ seed, contents, imageUris });
  const work = [
    runFaults(planFaults({ seed, durationMs, kinds }), { world, elapsedMs, log, onReleased }),
    sendTraffic({ traffic, messagesPerSecond, durationMs, onSent }, sending),
  ];
  for (const part of work) part.catch((error: unknown) => failing.abort(error));
  await Promise.allSettled(work);
  await producer.close();
  await Promise.all(work);
}

/** Messages behind the committed positions, all stages and lanes; null while Kafka does not answer. */
async function lagOf(broker: Broker): Promise<number | null> {
  let sum = 0;
  try {
    // One after the other: while Kafka is away, each call that waits for it holds a socket.
    for (const stage of STAGE_NAMES) {
      const input = STAGE_INPUTS[stage];
      const names = { live: topics.of(input, 'live'), backfill: topics.of(input, 'backfill') };
      const { live, backfill } = await measureLag(broker, groupIdOf(PREFIX, stage), names);
      sum += live + backfill;
    }
    return sum;
  } catch {
    return null;
  }
}

async function waitingOf({ broker, engine }: Scene): Promise<number | null> {
  const lag = await lagOf(broker);
  const retries = await countRetries(engine.redisState, PREFIX).catch(() => null);
  return lag === null || retries === null ? null : lag + retries;
}

interface MeasureDeps {
  readonly sent: readonly Sent[];
  readonly elapsedMs: () => number;
  readonly measured: (atMs: number, lag: number | null) => void;
}

function startMeasuring(options: ChaosOptions, { broker, fleet }: Scene, { sent, elapsedMs, measured }: MeasureDeps) {
  const ending = new AbortController();
  const totalMs = options.minutes * 60_000;
  async function measure(): Promise<void> {
    while (!ending.signal.aborted && !options.signal.aborted) {
      const atMs = elapsedMs();
      const lag = await lagOf(broker);
      measured(atMs, lag);
      const detail = `${sent.length} sent, lag ${lag ?? 'unknown'}, ${fleet.restarts()} restarts`;
      options.onProgress({ elapsedMs: Math.min(atMs, totalMs), totalMs, detail });
      await sleep(MEASURE_EVERY_MS);
    }
  }
  const done = measure();
  return {
    async stop() {
      ending.abort();
      await done;
    },
  };
}

async function judge(options: ChaosOptions, { engine }: Scene, sent: readonly Sent[]) {
  const labelTopic = topics.of('labels');
  const records = await readTopics(engine.brokers, [labelTopic, ...STAGE_NAMES.map((stage) => topics.deadLetters(STAGE_INPUTS[stage]))]);
  const decode = createLabelDecoder(await readLabelSchemas(options.repositoryRoot));
  const evidence: Evidence = {
    sent,
    labels: records.filter(({ topic }) => topic === labelTopic).map(decode),
    deadLetters: records.filter(({ topic }) => topic !== labelTopic),
  };
  const verdict = check(evidence);
  if (verdict.violations.length > 0) {
    await keepEvidence(options.keepFolder, engine.dataDir, evidence, verdict);
    options.log(`logs and records are kept in ${options.keepFolder}`);
  }
  return { evidence, verdict };
}
