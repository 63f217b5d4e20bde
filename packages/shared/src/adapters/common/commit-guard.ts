import type { InMessage, PartitionOffset, TopicPartition } from '../../ports/broker.js';

/** Text key of a partition, for maps. */
export const partitionKey = ({ topic, partition }: TopicPartition): string => `${topic}|${partition}`;

/** Knows which positions a member may commit in its current assignment. */
export interface CommitGuard {
  /** Forgets everything: a new generation begins. */
  reset(): void;
  /** Notes messages handed to the worker loop, in their order. */
  handedOut(messages: readonly InMessage[]): void;
  /**
   * The positions that belong to this generation: after a message that was handed out in it, never before the first one. What is left
   * out is work of a lost generation, which its new owner does again.
   */
  committable(offsets: readonly PartitionOffset[]): PartitionOffset[];
}

/** Creates a guard for one subscription. */
export function createCommitGuard(): CommitGuard {
  const ranges = new Map<string, { first: number; last: number }>();
  return {
    reset: () => ranges.clear(),
    handedOut(messages) {
      for (const message of messages) {
        const key = partitionKey(message);
        const range = ranges.get(key);
        if (range === undefined) ranges.set(key, { first: message.offset, last: message.offset });
        else range.last = message.offset;
      }
    },
    committable: (offsets) =>
      offsets.filter((position) => {
        const range = ranges.get(partitionKey(position));
        return range !== undefined && position.offset > range.first && position.offset <= range.last + 1;
      }),
  };
}
