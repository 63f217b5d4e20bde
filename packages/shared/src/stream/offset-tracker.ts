import type { PartitionOffset, TopicPartition } from '../ports/broker.js';

/**
 * Which offsets may be committed. Micro-batches finish in any order, but a committed position promises that everything below it is done:
 * so a partition's position is its lowest unresolved offset.
 */
export interface OffsetTracker {
  /** Remembers a message that has been taken. Within a partition, offsets come in ascending order; gaps are normal. */
  track(message: PartitionOffset): void;
  /** The outcome of a tracked message is durable. Unknown messages are ignored. */
  resolve(message: PartitionOffset): void;
  /** Positions that have moved since they were last reported as {@link committed}. */
  committable(): PartitionOffset[];
  /** The broker has stored these positions. */
  committed(positions: readonly PartitionOffset[]): void;
  /** Taken messages without a durable outcome. */
  unresolved(): number;
  /** Forgets everything: the assignment has changed, and every position is read again from the broker. */
  reset(): void;
}

interface PartitionProgress extends TopicPartition {
  /** Offsets without a durable outcome; a set keeps the order of insertion, so the first one is the lowest. */
  readonly unresolved: Set<number>;
  highest: number;
  committedPosition: number;
}

/** Creates a tracker for all partitions of one group member. Pure: it neither waits nor talks to anybody. */
export function createOffsetTracker(): OffsetTracker {
  const partitions = new Map<string, PartitionProgress>();

  return {
    track(message) {
      const key = keyOf(message);
      const progress = partitions.get(key) ?? startAt(message);
      partitions.set(key, progress);
      progress.unresolved.add(message.offset);
      progress.highest = message.offset;
    },
    resolve(message) {
      partitions.get(keyOf(message))?.unresolved.delete(message.offset);
    },
    committable() {
      return [...partitions.values()]
        .filter((progress) => position(progress) > progress.committedPosition)
        .map((progress) => ({ topic: progress.topic, partition: progress.partition, offset: position(progress) }));
    },
    committed(positions) {
      for (const { offset, ...partition } of positions) {
        const progress = partitions.get(keyOf(partition));
        if (progress !== undefined) progress.committedPosition = Math.max(progress.committedPosition, offset);
      }
    },
    unresolved() {
      return [...partitions.values()].reduce((sum, { unresolved }) => sum + unresolved.size, 0);
    },
    reset() {
      partitions.clear();
    },
  };
}

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}:${partition}`;

const startAt = ({ topic, partition, offset }: PartitionOffset): PartitionProgress => ({
  topic,
  partition,
  unresolved: new Set(),
  highest: offset,
  committedPosition: offset,
});

/** The lowest unresolved offset, or the one after the last message taken. */
function position({ unresolved, highest }: PartitionProgress): number {
  for (const lowest of unresolved) return lowest;
  return highest + 1;
}
