import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { LabelstreamError } from '../../errors.js';
import type { Lane } from '../../events/lane.js';
import type { InMessage } from '../../ports/broker.js';
import { createLaneBuffers, type LaneBuffers } from '../common/lane-buffers.js';
import { laneOfTopic, type ReadOptions, startOffset } from '../common/read-plan.js';
import type { KafkaAdmin } from './admin.js';
import type { OpenClient } from './client.js';
import { type ConsumerHandlers, type RunningConsumer, startConsumer } from './consumer.js';
import { createLaneFlow, type LaneFlow } from './lane-flow.js';
import { toInMessages } from './messages.js';

const MAX_BUFFERED = 2000;
const TAKE = 500;
const MAX_WAIT_MS = 1000;
const SESSION_TIMEOUT_MS = 30_000;

/** Where a reader stands. */
interface Progress {
  /** By partition, the offset after the last one seen, delivered or not. */
  readonly positions: Map<number, number>;
  readonly buffers: LaneBuffers;
  readonly flow: LaneFlow;
  readonly lane: Lane;
}

/**
 * The last offsets of a partition are often transaction markers, which are counted but never delivered: progress is taken from what
 * was fetched, not from what was delivered.
 */
function readerHandlers(topic: string, { positions, buffers, flow, lane }: Progress): ConsumerHandlers {
  return {
    beforeJoin: async () => {},
    assigned(partitions, consumer) {
      flow.reset();
      for (const { partition } of partitions) {
        const offset = positions.get(partition);
        if (offset !== undefined) consumer.seek({ topic, partition, offset: String(offset) });
      }
    },
    batch(batch, consumer) {
      const from = positions.get(batch.partition) ?? 0;
      const messages = toInMessages(batch, lane, 0).filter(({ offset }) => offset >= from);
      positions.set(batch.partition, Math.max(from, (messages.at(-1)?.offset ?? -1) + 1));
      buffers.push(lane, messages);
      flow.filled(lane, buffers.size(lane), consumer);
    },
    progressed({ partition }, offset) {
      positions.set(partition, Math.max(positions.get(partition) ?? 0, offset));
      buffers.wake();
    },
    lost: () => flow.forget(),
  };
}

interface ReaderDeps {
  readonly openClient: OpenClient;
  readonly admin: KafkaAdmin;
  readonly clientId: string;
  readonly log: Logger;
}

/** Yields what a running reader fetches until `isDone` says that nothing more is to come or `signal` aborts. */
async function* drainBuffers(
  { buffers, flow, lane }: Progress,
  running: RunningConsumer,
  isDone: () => boolean,
  signal: AbortSignal,
): AsyncGenerator<InMessage> {
  let failure: unknown = null;
  running.failed.catch((error: unknown) => {
    failure = error;
    buffers.wake();
  });
  const wake = () => buffers.wake();
  signal.addEventListener('abort', wake);
  try {
    while (!signal.aborted) {
      if (failure !== null) throw failure;
      // Asked before taking: what is fetched after an end was seen lies behind it.
      const done = isDone();
      const messages = buffers.take(lane, TAKE);
      flow.emptied(lane, buffers.size(lane));
      for (const message of messages) {
        if (signal.aborted) return;
        yield message;
      }
      if (messages.length > 0) continue;
      if (done) return;
      await buffers.wait(MAX_WAIT_MS);
    }
  } finally {
    signal.removeEventListener('abort', wake);
  }
}

/**
 * Reads a topic with a group of its own that is removed afterwards; positions are never committed. `closed` aborts when the broker closes.
 * See `Broker.read`.
 */
export async function* readTopic(deps: ReaderDeps, options: ReadOptions, closed: AbortSignal): AsyncGenerator<InMessage> {
  const { topic, from, follow = false } = options;
  const signal = options.signal === undefined ? closed : AbortSignal.any([closed, options.signal]);
  const infos = await deps.admin.describe([topic]);
  if (infos.length === 0) throw new LabelstreamError('BROKER_UNAVAILABLE', `topic ${topic} does not exist`);
  const lane = laneOfTopic(topic);
  const ends = new Map(infos.map((info) => [info.partition, follow ? Number.POSITIVE_INFINITY : info.latest]));
  const progress: Progress = {
    positions: new Map(infos.map((info) => [info.partition, startOffset(from, info)])),
    buffers: createLaneBuffers(),
    flow: createLaneFlow({ live: lane === 'live' ? [topic] : [], backfill: lane === 'backfill' ? [topic] : [] }, MAX_BUFFERED),
    lane,
  };
  const isDone = () => [...ends].every(([partition, end]) => (progress.positions.get(partition) ?? 0) >= end);
  if (isDone() || signal.aborted) return;

  const groupId = `${deps.clientId}-read-${randomUUID()}`;
  const running = await startConsumer(
    deps.openClient,
    { groupId, topics: [topic], fromBeginning: true, sessionTimeoutMs: SESSION_TIMEOUT_MS },
    readerHandlers(topic, progress),
  );
  try {
    for await (const message of drainBuffers(progress, running, isDone, signal)) {
      if (message.offset < (ends.get(message.partition) ?? Number.POSITIVE_INFINITY)) yield message;
    }
  } finally {
    await running.close().catch((error: unknown) => deps.log.debug({ err: error }, 'closing a reader failed'));
    await deps.admin.forgetGroup(groupId);
  }
}
