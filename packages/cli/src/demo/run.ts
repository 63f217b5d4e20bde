import { setTimeout as sleep } from 'node:timers/promises';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { Lane } from '@labelstream/shared/events/lane';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { InMessage, RecordProducer } from '@labelstream/shared/ports/broker';
import { groupIdOf } from '@labelstream/shared/service/group-id';
import { DEAD_LETTER_HEADERS, isReplayMarker } from '@labelstream/shared/stream/dead-letter';
import { measureLag } from '@labelstream/shared/stream/lag';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import { STAGE_INPUTS, STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { VERSION_HEADER } from '@labelstream/sink/records';
import type { Pipeline } from '../pipeline/pipeline.js';
import { type Account, createAccount } from './account.js';
import type { DemoPlan, PlannedMessage } from './plan.js';

const SEND_AT_ONCE = 200;
const SEND_AGAIN_MS = 500;
const QUIET_POLL_MS = 250;
/** How often in a row everything must be found at rest; an outcome is never seen later than its offset's commit by more than this. */
const QUIET_POLLS = 3;

/** Where a demo stands, for progress. */
export interface DemoProgress {
  readonly sent: number;
  readonly heard: number;
  readonly total: number;
}

export interface RunDemoOptions {
  readonly lane: Lane;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DemoProgress) => void;
  /** Called with every label record, in order. */
  readonly onLabels?: (labels: ProductLabels) => void;
  /** Gives up when nothing is heard for so long. */
  readonly stallMs: number;
}

/** What a finished run leaves. */
export interface DemoRun {
  readonly account: Account;
  /** From the first message sent to the last outcome seen. */
  readonly durationMs: number;
}

/** Sends a plan through a pipeline and follows every message to its outcome. Throws when a service ends or nothing moves any more. */
export async function runDemo(pipeline: Pipeline, plan: DemoPlan, options: RunDemoOptions): Promise<DemoRun> {
  const account = createAccount();
  const stopReading = new AbortController();
  const startedAt = performance.now();
  let lastHeardAt = startedAt;
  const heard = () => {
    lastHeardAt = performance.now();
  };
  const readers = follow(pipeline, account, { ...options, heard, signal: stopReading.signal });
  try {
    const work = async () => {
      await send(pipeline, plan, account, options);
      await plan.releaseLateImages?.();
      await untilQuiet(pipeline, plan, account, options, () => lastHeardAt);
    };
    await Promise.race([work(), pipeline.failed, readers]);
  } finally {
    stopReading.abort();
    await readers.catch(() => {});
  }
  return { account, durationMs: lastHeardAt - startedAt };
}

async function send(pipeline: Pipeline, plan: DemoPlan, account: Account, { lane, signal, onProgress }: RunDemoOptions): Promise<void> {
  const producer = await pipeline.broker.producer();
  const startedAt = performance.now();
  const perSecond = plan.messagesPerSecond;
  const atOnce = perSecond === undefined ? SEND_AT_ONCE : 1;
  try {
    for (let at = 0; at < plan.messages.length; at += atOnce) {
      signal.throwIfAborted();
      if (perSecond !== undefined) await sleep(startedAt + (at * 1000) / perSecond - performance.now());
      const batch = plan.messages.slice(at, at + atOnce);
      await sendBatch(pipeline, producer, batch, account, { lane, signal });
      onProgress(progressOf(at + batch.length, plan, account));
    }
  } finally {
    await producer.close();
  }
}

async function sendBatch(
  pipeline: Pipeline,
  producer: RecordProducer,
  batch: readonly PlannedMessage[],
  account: Account,
  { lane, signal }: Pick<RunDemoOptions, 'lane' | 'signal'>,
): Promise<void> {
  const topic = pipeline.topics.of('events', lane);
  const now = Date.now();
  for (const message of batch) account.sent(message, now);
  const records = batch.map(({ key, payload }) => ({
    topic,
    key,
    value: payload.form === 'bytes' ? payload.bytes : pipeline.codecs.productEvent.encode(payload.event),
  }));
  while (!(await isSent(producer, records))) await sleep(SEND_AGAIN_MS, undefined, { signal });
}

/** False while Kafka is away. Some of the records may be written then; sent again they are duplicates, which the sink tells from changes. */
async function isSent(producer: RecordProducer, records: readonly OutRecord[]): Promise<boolean> {
  try {
    await producer.send(records);
    return true;
  } catch (error) {
    if (isLabelstreamError(error) && error.retriable) return false;
    throw error;
  }
}

const progressOf = (sent: number, plan: DemoPlan, account: Account): DemoProgress => ({
  sent,
  heard: sent - account.unheard(),
  total: plan.messages.length,
});

/** Reads the label topic and the dead letters of every stage into the account until aborted. */
async function follow(
  { broker, topics, codecs }: Pipeline,
  account: Account,
  { signal, heard, onLabels }: Pick<RunDemoOptions, 'signal' | 'onLabels'> & { heard: () => void },
): Promise<never> {
  const each = async (topic: string, handle: (message: InMessage) => Promise<void>) => {
    for await (const message of broker.read({ topic, from: 'earliest', follow: true, signal })) {
      heard();
      await handle(message);
    }
  };
  const label = async ({ key, value, headers, timestampMs }: InMessage) => {
    if (value === null) return account.deleted(key ?? '', Number(headers[VERSION_HEADER]));
    const labels = await codecs.labels.decode(value);
    account.labelled(labels, timestampMs);
    onLabels?.(labels);
  };
  const deadLetter = async (message: InMessage) => {
    if (isReplayMarker(message)) return;
    account.deadLettered({ key: message.key ?? '', code: message.headers[DEAD_LETTER_HEADERS.code] ?? 'unknown' });
  };
  const deadLetterTopics = STAGE_NAMES.map((stage) => topics.deadLetters(STAGE_INPUTS[stage]));
  await Promise.all([each(topics.of('labels'), label), ...deadLetterTopics.map((topic) => each(topic, deadLetter))]);
  throw new LabelstreamError('BROKER_UNAVAILABLE', 'reading the labels ended before the demo did');
}

/** Messages that some stage still has to take, and images to come; not known, so endless, while Kafka or Redis is away. */
async function messagesWaiting(pipeline: Pipeline): Promise<number> {
  try {
    return (await lagOfAll(pipeline)) + (await pipeline.retryQueue.pending());
  } catch (error) {
    if (isLabelstreamError(error) && error.retriable) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** Messages behind the committed positions, all stages and lanes, as of now. */
async function lagOfAll({ broker, topics, topicPrefix }: Pipeline): Promise<number> {
  const lags = await Promise.all(
    STAGE_NAMES.map((stage) => {
      const names = { live: topics.of(STAGE_INPUTS[stage], 'live'), backfill: topics.of(STAGE_INPUTS[stage], 'backfill') };
      return measureLag(broker, groupIdOf(topicPrefix, stage), names);
    }),
  );
  return lags.reduce((sum, { live, backfill }) => sum + live + backfill, 0);
}

/** Resolves when no stage has anything left: no lag, no image to come, and nothing new for a few polls. */
async function untilQuiet(
  pipeline: Pipeline,
  plan: DemoPlan,
  account: Account,
  { signal, onProgress, stallMs }: RunDemoOptions,
  lastHeardAt: () => number,
): Promise<void> {
  let quietPolls = 0;
  while (quietPolls < QUIET_POLLS) {
    await sleep(QUIET_POLL_MS, undefined, { signal });
    const waiting = await messagesWaiting(pipeline);
    const silentMs = performance.now() - lastHeardAt();
    quietPolls = waiting === 0 && silentMs > QUIET_POLL_MS ? quietPolls + 1 : 0;
    onProgress(progressOf(plan.messages.length, plan, account));
    if (waiting > 0 && silentMs > stallMs) {
      throw new LabelstreamError(
        'STAGE_FAILED',
        `nothing has moved for ${Math.round(silentMs / 1000)} s with ${Number.isFinite(waiting) ? waiting : 'an unknown number of'} messages waiting; the services' logs say more.`,
      );
    }
  }
}
