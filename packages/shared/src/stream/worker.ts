import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { describeError, type ErrorCode, LabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { TopicNames } from '../events/topics.js';
import type { Broker, Subscription } from '../ports/broker.js';
import type { Pauses } from './back-pressure.js';
import { type BackoffSettings, DEFAULT_BACKOFF } from './backoff.js';
import { type CommitPolicy, createCommitter, DEFAULT_COMMIT_POLICY } from './committer.js';
import { deliverAtLeastOnce } from './deliver-at-least-once.js';
import { deliverTransactionally } from './deliver-transactionally.js';
import type { Delivery, DeliveryDeps } from './delivery.js';
import { createFailure } from './failure.js';
import { type Lag, startLagProbe } from './lag.js';
import { createStreamMetrics, type OutcomeTotals, type StreamMetrics } from './metrics.js';
import { type BatchSettings, batchPolicy } from './micro-batch.js';
import { createOffsetTracker } from './offset-tracker.js';
import { createPatience } from './outage.js';
import { NO_PRESSURE, type PressureProbe, type PressureSources, startPressureProbe } from './pressure-probe.js';
import type { Stage, StageName } from './stage.js';
import { createVitalSigns } from './vital-signs.js';
import { settlesWithin } from './wake-up.js';
import { startWorkerLoop } from './worker-loop.js';

const METER_WINDOW_MS = 5000;
const CLOSE_DEADLINE_MS = 5000;

/** How a stage is run. Sizes count messages. */
export interface WorkerSettings extends BatchSettings {
  /** The lanes that are taken; default: both. */
  readonly lanes?: readonly Lane[];
  /** Micro-batches processed at the same time; a transactional stage has one per partition instead. */
  readonly maxInFlight: number;
  readonly maxBufferedPerLane: number;
  readonly shutdownDeadlineMs: number;
  /** The worker is unhealthy when nothing has moved for this long. */
  readonly watchdogMs: number;
  readonly commit?: CommitPolicy;
  readonly backoff?: BackoffSettings;
}

export interface WorkerDeps {
  readonly stage: Stage;
  readonly broker: Broker;
  readonly topics: TopicNames;
  readonly groupId: string;
  readonly settings: WorkerSettings;
  /** Absent: the stage never pauses. */
  readonly pressure?: PressureSources;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Epoch milliseconds; default: the system's clock. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** What a worker tells of itself. */
export interface WorkerStatus {
  readonly stage: StageName;
  readonly ready: boolean;
  readonly healthy: boolean;
  /** Codes of what is down and being waited for. */
  readonly outages: readonly ErrorCode[];
  readonly outcomes: OutcomeTotals;
  readonly lag: Lag;
  /** Lanes of which nothing is taken for now, with the reasons (back-pressure). */
  readonly paused: Pauses;
  /** Of the next stage; null where there is none, or where it has never committed anything: then it pauses nothing. */
  readonly downstreamLag: Lag;
  readonly inFlight: number;
  readonly buffered: Readonly<Record<Lane, number>>;
  /** Share of time with work under way, 0..1. */
  readonly utilisation: number;
  readonly partitions: number;
}

/** A stage at work. */
export interface Worker {
  status(): WorkerStatus;
  /** Rejects with the error that ended the work for good; resolves never. */
  readonly failed: Promise<never>;
  /** Takes no more messages, finishes and commits what is under way within the deadline, and leaves the group. */
  stop(): Promise<void>;
}

/**
 * Joins the stage's consumer group in its lanes and runs the stage on what comes. Throws BROKER_UNAVAILABLE, and CONFIG_INVALID where one lane
 * is to be taken of a stage that needs both.
 */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { stage, broker, topics, groupId, settings, log } = deps;
  const input = { live: topics.of(stage.input, 'live'), backfill: topics.of(stage.input, 'backfill') };
  const lanes = lanesOf(stage, settings);
  const subscription = await broker.subscribe({
    groupId,
    topics: lanes.map((lane) => ({ topic: input[lane], lane })),
    maxBufferedPerLane: settings.maxBufferedPerLane,
    from: 'earliest',
  });
  try {
    return await runWorker({ ...deps, subscription, input });
  } catch (error) {
    await subscription.close().catch((closing) => log.debug({ reason: describeError(closing) }, 'subscription not closed cleanly'));
    throw error;
  }
}

/** A transactional stage has both lanes of a partition in one sequence: who sees one of them alone cannot tell what is newer. */
function lanesOf({ name, delivery }: Stage, { lanes = LANES }: WorkerSettings): readonly Lane[] {
  if (delivery === 'transactional' && lanes.length < LANES.length)
    throw new LabelstreamError('CONFIG_INVALID', `LANES is ${lanes}: ${name} puts both lanes in one order and has to take both`);
  return lanes;
}

type RunDeps = WorkerDeps & { readonly subscription: Subscription; readonly input: Readonly<Record<Lane, string>> };

async function runWorker(deps: RunDeps): Promise<Worker> {
  const { stage, broker, groupId, settings, subscription, log, now = Date.now, random = Math.random } = deps;
  const metrics = createStreamMetrics(deps.metrics, stage.name);
  const signs = createVitalSigns({ metrics, watchdogMs: settings.watchdogMs, windowMs: METER_WINDOW_MS, now });
  const failure = createFailure(log);
  const patience = createPatience({ log, backoff: settings.backoff ?? DEFAULT_BACKOFF, now, random, onRetry: signs.retried });
  const buffered = () => ({ live: subscription.buffered('live'), backfill: subscription.buffered('backfill') });
  const onProgress = () => {
    signs.moved(delivery.inFlight());
    loop.wake();
  };
  const delivery = await createDelivery({ ...deps, patience, metrics, now, onProgress, onFatal: failure.report });
  const onTurn = () => {
    signs.turned(delivery.inFlight(), buffered());
    if (patience.isBackingOff()) signs.waiting();
  };
  const loop = startWorkerLoop({ subscription, delivery, onTurn, onFatal: failure.report });
  // What a failed worker would still take is only in the way of whoever takes over.
  failure.failed.catch(() => loop.stop());
  const lag = startLagProbe({
    broker,
    groupId,
    topics: deps.input,
    everyMs: METER_WINDOW_MS,
    log,
    onMeasured: metrics.lag,
    onOutage: signs.waiting,
  });
  const pressure = watchPressure(deps, metrics, now);
  const outages = () => [...new Set([...patience.outages(), ...lag.outages()])];
  let stopping: Promise<void> | null = null;

  async function stop(): Promise<void> {
    await loop.stop();
    if (!(await settlesWithin(delivery.drain(), settings.shutdownDeadlineMs)))
      log.warn({ stage: stage.name, inFlight: delivery.inFlight() }, 'work under way did not end in time; it will be delivered again');
    lag.close();
    pressure.close();
    for (const close of [delivery.close, subscription.close]) await settlesWithin(close(), CLOSE_DEADLINE_MS);
  }

  return {
    failed: failure.failed,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
    status: () => ({
      stage: stage.name,
      ready: stopping === null && !failure.hasFailed() && outages().length === 0,
      healthy: !failure.hasFailed() && signs.healthy(),
      outages: outages(),
      outcomes: metrics.totals(),
      lag: lag.latest(),
      paused: pressure.pauses(),
      downstreamLag: pressure.downstreamLag(),
      inFlight: delivery.inFlight(),
      buffered: buffered(),
      utilisation: signs.utilisation(),
      partitions: subscription.assignment().length,
    }),
  };
}

/** Holds the lanes of a stage that would run away from the next one, or fill up a store. */
function watchPressure(
  { pressure, subscription, stage, broker, topics, log }: RunDeps,
  metrics: StreamMetrics,
  now: () => number,
): PressureProbe {
  if (pressure === undefined) return NO_PRESSURE;
  return startPressureProbe({
    ...pressure,
    stage: stage.name,
    broker,
    topics,
    log,
    now,
    onMemory: (store, { usedShare }) => metrics.memory(store, usedShare),
    onPauses(pauses) {
      metrics.paused(pauses);
      for (const lane of LANES) subscription.hold(lane, pauses[lane].length > 0);
    },
  });
}

type CreateDeliveryDeps = Omit<DeliveryDeps, 'policy'> & { readonly settings: WorkerSettings };

async function createDelivery({ settings, ...rest }: CreateDeliveryDeps): Promise<Delivery> {
  const deps: DeliveryDeps = { ...rest, policy: batchPolicy(settings, rest.stage) };
  if (deps.stage.delivery === 'transactional') return deliverTransactionally(deps);
  const { subscription, log, onFatal } = deps;
  const tracker = createOffsetTracker();
  const committer = createCommitter({ subscription, tracker, policy: settings.commit ?? DEFAULT_COMMIT_POLICY, log, onFatal });
  const producer = await deps.broker.producer();
  return deliverAtLeastOnce({ ...deps, producer, tracker, committer, maxInFlight: settings.maxInFlight });
}
