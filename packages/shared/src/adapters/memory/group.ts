import type { PartitionOffset, TopicPartition } from '../../ports/broker.js';
import { assignPartitions } from '../common/assignment.js';
import { partitionKey } from '../common/commit-guard.js';

/** A subscription, as its group sees it. */
export interface MemoryMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** Stops delivering and lets the work under way finish, within a deadline. */
  revoke(): Promise<void>;
  assign(generation: number, partitions: readonly TopicPartition[]): void;
}

/** One consumer group: members, generation, committed positions. */
export interface MemoryGroup {
  join(member: MemoryMember): Promise<void>;
  leave(memberId: string): Promise<void>;
  commit(offsets: readonly PartitionOffset[]): void;
  committed(partition: TopicPartition): number | undefined;
}

/** Creates an empty group. Rebalances are eager, as with Kafka's classic protocol: all members give up all, then all get their share. */
export function createMemoryGroup(partitionCount: (topic: string) => number): MemoryGroup {
  const members = new Map<string, MemoryMember>();
  const positions = new Map<string, number>();
  let generation = 0;
  let rebalancing: Promise<void> = Promise.resolve();

  function assignAll(): void {
    generation++;
    const topics = new Set([...members.values()].flatMap((member) => member.topics));
    const counts = Object.fromEntries([...topics].map((topic) => [topic, partitionCount(topic)]));
    const shares = assignPartitions([...members.values()], counts);
    for (const member of members.values()) {
      const share = Object.entries(shares.get(member.memberId) ?? {});
      member.assign(
        generation,
        share.flatMap(([topic, partitions]) => partitions.map((partition) => ({ topic, partition }))),
      );
    }
  }

  /** One rebalance after the other; `change` adds or removes a member between giving up and assigning. */
  function rebalance(change: () => void): Promise<void> {
    rebalancing = rebalancing.then(async () => {
      await Promise.all([...members.values()].map((member) => member.revoke()));
      change();
      assignAll();
    });
    return rebalancing;
  }

  return {
    join: (member) => rebalance(() => members.set(member.memberId, member)),
    leave: (memberId) => rebalance(() => members.delete(memberId)),
    commit(offsets) {
      for (const position of offsets) positions.set(partitionKey(position), position.offset);
    },
    committed: (partition) => positions.get(partitionKey(partition)),
  };
}
