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
  /** Taken offsets not yet passed by the position, ascending. Entries before `head` are done with. */
  readonly taken: number[];
  head: number;
  /** Offsets that were resolved before a lower one was. */
  readonly early: Set<number>;
  position: number;
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
      progress.taken.push(message.offset);
    },
    resolve(message) {
      const progress = partitions.get(keyOf(message));
      if (progress === undefined || message.offset < progress.position) return;
      progress.early.add(message.offset);
      advance(progress);
    },
    committable() {
      return [...partitions.values()]
        .filter((progress) => progress.position > progress.committedPosition)
        .map(({ topic, partition, position }) => ({ topic, partition, offset: position }));
    },
    committed(positions) {
      for (const position of positions) {
        const progress = partitions.get(keyOf(position));
        if (progress !== undefined) progress.committedPosition = Math.max(progress.committedPosition, position.offset);
      }
    },
    unresolved() {
      return [...partitions.values()].reduce((sum, { taken, head, early }) => sum + taken.length - head - early.size, 0);
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
  taken: [],
  head: 0,
  early: new Set(),
  position: offset,
  committedPosition: offset,
});

/** Moves the position over every resolved offset at the front. */
function advance(progress: PartitionProgress): void {
  let next = progress.taken[progress.head];
  while (next !== undefined && progress.early.delete(next)) {
    progress.position = next + 1;
    progress.head += 1;
    next = progress.taken[progress.head];
  }
  dropDoneEntries(progress);
}

/** Removing each entry from the front of the array would copy the rest every time; half at a time costs nothing. */
function dropDoneEntries(progress: PartitionProgress): void {
  if (progress.head * 2 <= progress.taken.length) return;
  progress.taken.splice(0, progress.head);
  progress.head = 0;
}
