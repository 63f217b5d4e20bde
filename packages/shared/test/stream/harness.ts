import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createMemoryBroker } from '../../src/adapters/memory/broker.js';
import type { Lane } from '../../src/events/lane.js';
import { topicNames } from '../../src/events/topics.js';
import type { Broker, InMessage } from '../../src/ports/broker.js';
import { measureLag } from '../../src/stream/lag.js';
import type { StreamMetrics } from '../../src/stream/metrics.js';
import { emit, type Outcome } from '../../src/stream/outcome.js';
import type { Stage } from '../../src/stream/stage.js';
import { startWorker, type Worker, type WorkerDeps, type WorkerSettings } from '../../src/stream/worker.js';

export const topics = topicNames('test.');
export const GROUP = 'test.labelstream-fusion';
export const quiet = pino({ level: 'silent' });

const text = new TextDecoder();
const bytes = new TextEncoder();

/** Settings with which a test does not wait. */
export const fastSettings: WorkerSettings = {
  maxBatchSize: 8,
  maxBatchAgeMs: 5,
  backfillShare: 0.05,
  backfillBatchMs: 0,
  maxInFlight: 2,
  maxBufferedPerLane: 64,
  shutdownDeadlineMs: 2000,
  watchdogMs: 60_000,
  commit: { everyMs: 5, everyMessages: 50 },
  backoff: { baseMs: 1, maxMs: 5 },
};

/** An in-memory broker with all topics. */
export async function brokerWithTopics(partitions = 3): Promise<Broker> {
  const broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions });
  return broker;
}

/** Produces one message per entry of `values`, keyed by what stands before its first colon. */
export async function produce(broker: Broker, values: readonly string[], lane: Lane = 'live'): Promise<void> {
  const producer = await broker.producer();
  const topic = topics.of('encoded', lane);
  await producer.send(values.map((value) => ({ topic, key: value.split(':')[0] ?? '', value: bytes.encode(value) })));
  await producer.close();
}

/** What a topic holds, as text; a null value as `null`. */
export async function contents(broker: Broker, topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const message of broker.read({ topic })) values.push(message.value === null ? 'null' : text.decode(message.value));
  return values;
}

export const output = topics.of('predicted');
export const deadLetters = topics.deadLetters('encoded');
export const textOf = (message: InMessage) => text.decode(message.value ?? new Uint8Array());

/** The plain outcome of a message: itself, passed on. */
export const passOn = (message: InMessage): Outcome => emit([{ topic: output, key: message.key ?? '', value: message.value }]);

/** A stage that decides message by message. */
export function stageOf(decide: (message: InMessage) => Outcome | Promise<Outcome>, delivery: Stage['delivery'] = 'at-least-once'): Stage {
  return stageOfBatches((batch) => Promise.all(batch.map(decide)), delivery);
}

export function stageOfBatches(process: Stage['process'], delivery: Stage['delivery'] = 'at-least-once'): Stage {
  return { name: 'fusion', input: 'encoded', delivery, process };
}

/** Starts a worker with test settings. */
export function work(
  broker: Broker,
  stage: Stage,
  over: Omit<Partial<WorkerDeps>, 'settings'> & { settings?: Partial<WorkerSettings> } = {},
): Promise<Worker> {
  return startWorker({
    stage,
    broker,
    topics,
    groupId: GROUP,
    log: quiet,
    metrics: new Registry(),
    ...over,
    settings: { ...fastSettings, ...over.settings },
  });
}

/** Number of counted outcomes. */
export const settled = (worker: Worker): number => Object.values(worker.status().outcomes).reduce((sum, count) => sum + count, 0);

/** Resolves when `condition` holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Messages of both lanes behind the committed position. */
export async function lagOf(broker: Broker, groupId = GROUP): Promise<number> {
  const { live, backfill } = await measureLag(broker, groupId, { live: topics.of('encoded'), backfill: topics.of('encoded', 'backfill') });
  return live + backfill;
}

/** Metrics that only remember what became of messages. */
export function countingMetrics() {
  const counted: Outcome['kind'][] = [];
  const counts = { abandoned: 0 };
  const ignore = () => {};
  const metrics: StreamMetrics = {
    outcome: (_message, outcome) => counted.push(outcome.kind),
    abandoned(messages) {
      counts.abandoned += messages;
    },
    retry: ignore,
    processed: ignore,
    carriedOut: ignore,
    inFlight: ignore,
    buffered: ignore,
    lag: ignore,
    paused: ignore,
    memory: ignore,
    totals: () => ({ emit: 0, drop: 0, deadLetter: 0, defer: 0 }),
  };
  return { metrics, counted, counts };
}
