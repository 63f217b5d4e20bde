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
 * different partition counts. Members may read different topics, while a new version is rolled out or because some take one lane only: a topic
 * goes to those of its readers that read the fewest, so that whoever is there for one lane alone takes it off the others for as long as it
 * is there. A topic that nobody reads is left out.
 */
export function assignPartitions(
  members: readonly GroupMember[],
  partitionCounts: Readonly<Record<string, number>>,
): Map<string, MemberPartitions> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0));
  const result = new Map<string, MemberPartitions>(sorted.map((member) => [member.memberId, {}]));
  for (const [topic, count] of Object.entries(partitionCounts)) {
    const takers = takersOf(topic, sorted);
    if (takers.length === 0) continue;
    for (let partition = 0; partition < count; partition++) {
      const share = result.get(takers[partition % takers.length]?.memberId ?? '') ?? {};
      share[topic] = [...(share[topic] ?? []), partition];
    }
  }
  return result;
}

/** Those of a topic's readers that read the fewest topics. */
function takersOf(topic: string, members: readonly GroupMember[]): GroupMember[] {
  const readers = members.filter(({ topics }) => topics.includes(topic));
  const fewest = Math.min(...readers.map(({ topics }) => topics.length));
  return readers.filter(({ topics }) => topics.length === fewest);
}
