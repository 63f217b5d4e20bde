import type { Lane } from '../events/lane.js';
import type { TopicSpec } from '../events/topics.js';
import type { OutRecord } from '../stream/outcome.js';

/** A partition of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A position in a partition: the offset of the next message to read. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** A consumed message. */
export interface InMessage extends TopicPartition {
  readonly lane: Lane;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Epoch milliseconds, as stamped by the broker or producer. */
  readonly timestampMs: number;
  /** Assignment generation in which the message was fetched; work of a lost generation is never committed. */
  readonly generation: number;
}

export interface SubscribeOptions {
  readonly groupId: string;
  readonly topics: readonly { readonly topic: string; readonly lane: Lane }[];
  /** Bound of fetched messages waiting per lane; fetching pauses above it. */
  readonly maxBufferedPerLane: number;
  /** Where a group without committed offsets begins. */
  readonly from: 'earliest' | 'latest';
  /** Group session time-out; the broker declares a silent member dead after it. */
  readonly sessionTimeoutMs?: number;
}

/**
 * A member of a consumer group. Partition i of all its topics (both lanes) is assigned to the same member. Messages are fetched into
 * bounded buffers and taken by the worker loop; offsets are committed by the worker loop only.
 */
export interface Subscription {
  /** Removes and returns up to `max` buffered messages of a lane, oldest first; never waits. */
  take(lane: Lane, max: number): InMessage[];
  /** Resolves when a message is buffered in any lane that is not held, when the subscription closes, or after `maxWaitMs`. */
  wait(maxWaitMs: number): Promise<void>;
  /** Messages buffered in a lane, also while it is held. */
  buffered(lane: Lane): number;
  /** Messages of a lane that can be taken: none while it is held. */
  available(lane: Lane): number;
  /**
   * Holds a lane back, or lets it go on, through rebalances: while it is held nothing of it is taken, and so nothing is fetched beyond
   * what fills its buffer.
   */
  hold(lane: Lane, held: boolean): void;
  /** Commits positions. Positions of partitions that are no longer assigned are ignored. Throws BROKER_UNAVAILABLE. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** Current assignment generation, grows with each rebalance; messages of older ones are removed from the buffers. */
  generation(): number;
  assignment(): readonly TopicPartition[];
  /** Called before partitions are given up, so that work under way can finish; the broker waits for it, within its deadline. */
  onRevoke(drain: () => Promise<void>): void;
  /** Resolves never, or rejects with the error that ended consumption for good. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/** Idempotent producer: records of one key stay in order, retries add no duplicates. Throws BROKER_UNAVAILABLE. */
export interface RecordProducer {
  /** Resolves when all records are acknowledged by all in-sync replicas. */
  send(records: readonly OutRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** Transactional producer; opening a second one with the same id fences the first (its calls throw BROKER_FENCED). */
export interface TransactionalProducer {
  /** One transaction: the records and the consumer group's new positions, all or nothing. */
  commit(records: readonly OutRecord[], group: { readonly groupId: string; readonly offsets: readonly PartitionOffset[] }): Promise<void>;
  close(): Promise<void>;
}

export interface TopicInfo extends TopicPartition {
  /** First offset still there, and the offset after the last. */
  readonly earliest: number;
  readonly latest: number;
}

/** What Labelstream needs of Kafka. */
export interface Broker {
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  producer(): Promise<RecordProducer>;
  transactionalProducer(transactionalId: string): Promise<TransactionalProducer>;
  /** Creates missing topics; existing ones are left as they are. */
  ensureTopics(
    topics: readonly { readonly topic: string; readonly spec: TopicSpec }[],
    options: { readonly partitions: number },
  ): Promise<void>;
  /** Partitions of topics with their offsets; a topic that does not exist has none. */
  describe(topics: readonly string[]): Promise<TopicInfo[]>;
  /** Committed positions of a group; partitions without one are left out. */
  committed(groupId: string, topics: readonly string[]): Promise<PartitionOffset[]>;
  /**
   * Reads committed messages outside any group, from `from` (default: earliest) on, in partition order. Without `follow` it ends at the
   * offsets that were latest when it began; with `follow` it goes on until `signal` aborts.
   */
  read(options: {
    readonly topic: string;
    readonly from?: 'earliest' | 'latest' | readonly PartitionOffset[];
    readonly follow?: boolean;
    readonly signal?: AbortSignal;
  }): AsyncIterable<InMessage>;
  /**
   * Deletes for good what lies before these positions: a log is deleted from its beginning only. A position at or before the first offset
   * deletes nothing. Throws CONFIG_INVALID where the topic keeps its records for ever, or where it is not allowed.
   */
  deleteBefore(positions: readonly PartitionOffset[]): Promise<void>;
  /** Throws BROKER_UNAVAILABLE when Kafka does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
