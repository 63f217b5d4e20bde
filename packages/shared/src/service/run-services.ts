import { type CommonSettings, commonSettings, type Env, readConfig } from '../config.js';
import { createLifecycle, type Lifecycle, startOrRollBack } from '../stream/lifecycle.js';
import type { PressureSources } from '../stream/pressure-probe.js';
import { startWorker, type Worker, type WorkerSettings, type WorkerStatus } from '../stream/worker.js';
import type { RunningStage, Service, ServiceContext } from './service.js';
import { type WaitAtStart, waitAtStart } from './wait-at-start.js';

export interface RunServicesOptions {
  /** Settings of the services and of the workers, as environment variables. */
  readonly env: Env;
  /** Aborted when the process is told to stop before everything has started. */
  readonly signal?: AbortSignal;
}

/** Stages at work in this process. */
export interface RunningServices {
  status(): WorkerStatus[];
  ready(): boolean;
  healthy(): boolean;
  /** Rejects with the error that ended one of the stages for good; resolves never. */
  readonly failed: Promise<never>;
  /** Drains and stops the stages in reverse order; the context stays open. */
  stop(): Promise<void>;
}

/**
 * Runs any set of stages over one context, real or in memory. Creates the topics that are missing, and waits for dependencies that are
 * down at the start.
 *
 * @throws CONFIG_INVALID, or what a service cannot start for; what had been started is stopped again
 */
export async function runServices(
  services: readonly Service[],
  context: ServiceContext,
  { env, signal }: RunServicesOptions,
): Promise<RunningServices> {
  const settings = readConfig(commonSettings, env);
  const lifecycle = createLifecycle(context.log);
  const wait = waitAtStart(context.log, signal);
  const started = await startOrRollBack(lifecycle, async () => {
    await wait(() => context.broker.ensureTopics(context.topics.all(), { partitions: settings.TOPIC_PARTITIONS }));
    const stages: StartedStage[] = [];
    for (const service of services) stages.push(await startStage(service, { context, env, settings, lifecycle, wait }));
    return stages;
  });
  const status = () => started.map(({ worker }) => worker.status());
  const failed = Promise.race(started.flatMap(({ worker, failed }) => (failed === undefined ? [worker.failed] : [worker.failed, failed])));
  failed.catch(() => {});
  return {
    status,
    failed,
    ready: () => status().every(({ ready }) => ready),
    healthy: () => status().every(({ healthy }) => healthy),
    stop: () => lifecycle.close(),
  };
}

interface StartedStage {
  readonly worker: Worker;
  readonly failed: Promise<never> | undefined;
}

interface StartDeps {
  readonly context: ServiceContext;
  readonly env: Env;
  readonly settings: CommonSettings;
  readonly lifecycle: Lifecycle;
  readonly wait: WaitAtStart;
}

async function startStage(service: Service, { context, env, settings, lifecycle, wait }: StartDeps): Promise<StartedStage> {
  const log = context.log.child({ stage: service.name });
  const running = await lifecycle.open(
    service.name,
    () => wait(() => createOrForget(service, { ...context, log }, env)),
    (opened) => opened.close(),
  );
  const { broker, topics, metrics } = context;
  const pressure = pressureSources(context, settings);
  const deps = { stage: running.stage, broker, topics, groupId: context.groupId(service.name), pressure, log, metrics };
  const worker = await lifecycle.open(
    `${service.name} worker`,
    () => wait(() => startWorker({ ...deps, settings: workerSettings(settings) })),
    (opened) => opened.stop(),
  );
  log.info('at work');
  return { worker, failed: running.failed };
}

/** An attempt that fails takes its metrics back: a name can be registered once, and the next attempt registers it again. */
async function createOrForget(service: Service, context: ServiceContext, env: Env): Promise<RunningStage> {
  const { metrics } = context;
  const before = new Set(metrics.getMetricsAsArray().map(({ name }) => name));
  try {
    return await service.create(context, env);
  } catch (error) {
    for (const { name } of metrics.getMetricsAsArray()) if (!before.has(name)) metrics.removeSingleMetric(name);
    throw error;
  }
}

const workerSettings = (settings: CommonSettings): WorkerSettings => ({
  lanes: settings.LANES,
  maxBatchSize: settings.BATCH_MAX_SIZE,
  maxBatchAgeMs: settings.BATCH_MAX_AGE_MS,
  backfillShare: settings.BACKFILL_SHARE,
  backfillBatchMs: settings.BACKFILL_BATCH_MS,
  maxInFlight: settings.MAX_IN_FLIGHT,
  maxBufferedPerLane: settings.MAX_BUFFERED_PER_LANE,
  shutdownDeadlineMs: settings.SHUTDOWN_DEADLINE_MS,
  watchdogMs: settings.WATCHDOG_MS,
});

const pressureSources = ({ cache, state, groupId }: ServiceContext, settings: CommonSettings): PressureSources => ({
  limits: {
    lag: { live: settings.PAUSE_LAG_LIVE, backfill: settings.PAUSE_LAG_BACKFILL },
    memoryShare: { live: settings.PAUSE_MEMORY_LIVE, backfill: settings.PAUSE_MEMORY_BACKFILL },
  },
  stores: { cache, state },
  groupId,
  everyMs: settings.PAUSE_CHECK_MS,
});
