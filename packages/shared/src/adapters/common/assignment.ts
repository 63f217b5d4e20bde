/** A group member as the assignment sees it. */
export interface GroupMember {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions by topic of one member. */
export type MemberPartitions = Record<string, number[]>;

/**
 * Co-partitioned assignment: partition i of every topic goes to the same member, so that one member sees all events of a product in both
 * lanes. Members are sorted and take turns over the partition numbers, so their shares of a topic differ by at most one. Topics may have
 * different partition counts. While a roll-out leaves members with different subscriptions, a topic that the member in turn does not read
 * goes to the next one that does; a topic that nobody reads is left out.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitionCounts: Readonly<Record<string, number>>,
): Map<string, MemberPartitions> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0));
  const subscribed = sorted.map((member) => new Set(member.topics));
  const result = new Map<string, MemberPartitions>(sorted.map((member) => [member.memberId, {}]));
  for (const topic of Object.keys(partitionCounts).sort()) {
    const readers = subscribed.filter((topics) => topics.has(topic)).length;
    if (readers === 0) continue;
    for (let partition = 0; partition < (partitionCounts[topic] ?? 0); partition++) {
      let turn = partition % sorted.length;
      while (!subscribed[turn]?.has(topic)) turn = (turn + 1) % sorted.length;
      const share = result.get(sorted[turn]?.memberId ?? '') ?? {};
      share[topic] = [...(share[topic] ?? []), partition];
    }
  }
  return result;
}
