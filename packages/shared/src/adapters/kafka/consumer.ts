import type { Consumer, EachBatchPayload } from 'kafkajs';
import { LabelstreamError } from '../../errors.js';
import type { TopicPartition } from '../../ports/broker.js';
import { within } from '../common/within.js';
import { createCopartitionedAssigner } from './assigner.js';
import type { OpenClient } from './client.js';
import { toBrokerError } from './errors.js';

/**
 * The broker answers at once when there is data, and after this long when there is none. A lane that is resumed waits so long for its first
 * fetch, and so does a consumer that is closed.
 */
const MAX_WAIT_MS = 200;
/** Bounds what one answer adds to the buffers, beyond their limit. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_BYTES_PER_PARTITION = 256 * 1024;
const HEARTBEAT_INTERVAL_MS = 1000;
/** How long the others wait for a member that drains. */
const REBALANCE_TIMEOUT_MS = 60_000;
/** A consumer that waits for Kafka to come back notices only then that it is to stop. */
const CLOSE_WITHIN_MS = 5000;

export interface ConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly fromBeginning: boolean;
  readonly sessionTimeoutMs: number;
}

/** What happens to a group member. All but `beforeJoin` are synchronous, so nothing overtakes them. */
export interface ConsumerHandlers {
  /** Before each join; the old membership lasts until it resolves. */
  beforeJoin(): Promise<void>;
  /** A new assignment, before the first fetch of it. Positions may be set here with `consumer.seek`. */
  assigned(partitions: TopicPartition[], consumer: Consumer): void;
  batch(batch: EachBatchPayload['batch'], consumer: Consumer): void;
  /** Everything before `offset` of a partition was seen, records that are never delivered included. */
  progressed?(partition: TopicPartition, offset: number): void;
  /** The membership is gone; kafkajs joins again by itself. */
  lost(): void;
}

/** A running group member. */
export interface RunningConsumer {
  readonly consumer: Consumer;
  /** Resolves never, or rejects when kafkajs has stopped consuming for good. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

function listen(consumer: Consumer, handlers: ConsumerHandlers, groupId: string): { joined: Promise<void>; failed: Promise<never> } {
  const { GROUP_JOIN, CRASH, END_BATCH_PROCESS } = consumer.events;
  const joined = new Promise<void>((resolve) => {
    consumer.on(GROUP_JOIN, ({ payload }) => {
      const partitions = Object.entries(payload.memberAssignment).flatMap(([topic, numbers]) =>
        numbers.map((partition) => ({ topic, partition })),
      );
      handlers.assigned(partitions, consumer);
      resolve();
    });
  });
  consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
    handlers.progressed?.({ topic, partition }, Number(lastOffset) + 1);
  });
  const failed = new Promise<never>((_, reject) => {
    // Without a listener a non-retriable error would end consumption silently (kafkajs#1630).
    consumer.on(CRASH, ({ payload }) => {
      handlers.lost();
      if (!payload.restart) reject(toBrokerError(payload.error, `consuming in group ${groupId} ended`));
    });
  });
  failed.catch(() => {});
  return { joined, failed };
}

/**
 * Joins a group and consumes; resolves with the first assignment, however long that takes: see first that Kafka answers. Throws
 * CONFIG_INVALID, or BROKER_UNAVAILABLE when joining failed for good.
 */
export async function startConsumer(
  openClient: OpenClient,
  options: ConsumerOptions,
  handlers: ConsumerHandlers,
): Promise<RunningConsumer> {
  const consumer = openClient().consumer({
    groupId: options.groupId,
    partitionAssigners: [createCopartitionedAssigner(handlers.beforeJoin)],
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: Math.min(HEARTBEAT_INTERVAL_MS, options.sessionTimeoutMs / 3),
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytes: MAX_BYTES,
    maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
    allowAutoTopicCreation: false,
  });
  const { joined, failed } = listen(consumer, handlers, options.groupId);
  const close = () => within(CLOSE_WITHIN_MS, 'leaving the group', consumer.disconnect());
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...options.topics], fromBeginning: options.fromBeginning });
    await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => handlers.batch(batch, consumer) });
    await Promise.race([joined, failed]);
  } catch (error) {
    await close().catch(() => {});
    throw error instanceof LabelstreamError ? error : toBrokerError(error, `subscribing to ${options.topics.join(', ')}`);
  }
  return { consumer, failed, close };
}
