import { randomUUID } from 'node:crypto';
import { type CommonSettings, type Env, readConfig } from '@labelstream/shared/config';
import { openContext, redisTls } from '@labelstream/shared/service/open-context';
import type { ServiceContext } from '@labelstream/shared/service/service';
import type { WaitAtStart } from '@labelstream/shared/service/wait-at-start';
import type { Lifecycle } from '@labelstream/shared/stream/lifecycle';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { createBullmqJobQueue } from './adapters/bullmq/queue.js';
import { createRedisBackfillStore, type RedisBackfillStoreDeps } from './adapters/bullmq/store.js';
import { backfillSettings } from './config.js';
import { createLaneMeter } from './job/lane.js';
import type { BackfillKinds } from './job/openings.js';
import type { BackfillStore } from './job/store.js';
import { createSupervisor } from './job/supervise.js';
import { type BackfillWorker, startBackfillWorker } from './job/worker.js';
import { openKinds } from './kinds.js';
import { createBackfillMetrics } from './metrics.js';

export interface OpenBackfillDeps {
  readonly settings: CommonSettings;
  readonly env: Env;
  readonly log: Logger;
  /** Remembers what is opened; whoever gives it closes it. */
  readonly lifecycle: Lifecycle;
  readonly wait: WaitAtStart;
  /** Prometheus metrics of this process; absent where nobody asks for them. */
  readonly metrics?: Registry;
}

/** Everything that backfills need in one process. */
export interface BackfillParts {
  readonly context: ServiceContext;
  readonly kinds: Required<BackfillKinds>;
  readonly store: BackfillStore;
  /** Works on backfills in this process, until the lifecycle closes. Creates the topics that are missing. */
  startWorker(): Promise<BackfillWorker>;
}

/** Connects to Kafka and Redis, and prepares the kinds of backfill. Throws CONFIG_INVALID, and what `wait` does not wait for. */
export async function openBackfill(deps: OpenBackfillDeps): Promise<BackfillParts> {
  const { settings, env, log, lifecycle, wait, metrics = new Registry() } = deps;
  const context = await openContext(settings, { log, lifecycle, wait, metrics });
  const kinds = await openKinds({ context, env, lifecycle });
  const store = await lifecycle.open(
    'backfill store',
    () => wait(() => openBackfillStore(settings, log)),
    (opened) => opened.close(),
  );
  return { context, kinds, store, startWorker: () => startWorker(deps, context, kinds, store) };
}

const redisOf = (settings: CommonSettings, log: Logger): RedisBackfillStoreDeps => ({
  url: settings.REDIS_STATE_URL,
  prefix: settings.TOPIC_PREFIX,
  tls: redisTls(settings),
  log,
});

/** The record of the deployment's backfills alone. Throws QUEUE_UNAVAILABLE, CONFIG_INVALID. */
export const openBackfillStore = (settings: CommonSettings, log: Logger): Promise<BackfillStore> =>
  createRedisBackfillStore(redisOf(settings, log));

async function startWorker(
  { settings, env, log, lifecycle, wait }: OpenBackfillDeps,
  { broker, topics, codecs, topicPrefix, metrics: registry }: ServiceContext,
  kinds: BackfillKinds,
  store: BackfillStore,
): Promise<BackfillWorker> {
  const { BACKFILL_CONCURRENCY: concurrency, BACKFILL_SLICE_MS: sliceMs } = readConfig(backfillSettings, env);
  await wait(() => broker.ensureTopics(topics.all(), { partitions: settings.TOPIC_PARTITIONS }));
  const metrics = createBackfillMetrics(registry);
  const meter = await lifecycle.open(
    'lane meter',
    async () => createLaneMeter({ broker, topics, codecs, topicPrefix, log }),
    async (opened) => opened.close(),
  );
  const queue = createBullmqJobQueue(redisOf(settings, log));
  const deps = { workerId: randomUUID(), store, queue, concurrency, now: Date.now, log };
  const supervisor = createSupervisor({ ...deps, measure: meter.measure, onFlow: metrics.flow });
  return lifecycle.open(
    'backfill worker',
    () => wait(() => startBackfillWorker({ ...deps, kinds, supervisor, sliceMs, metrics })),
    (opened) => opened.stop(),
  );
}
