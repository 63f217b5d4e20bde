import { AssignerProtocol, type Cluster, type GroupMember as KafkaMember, type PartitionAssigner } from 'kafkajs';
import { assignPartitions, type GroupMember } from '../common/assignment.js';

const NAME = 'LabelstreamCopartitioned';
const VERSION = 1;
const NO_DATA = Buffer.alloc(0);

function decodeMember({ memberId, memberMetadata }: KafkaMember): GroupMember {
  return { memberId, topics: AssignerProtocol.MemberMetadata.decode(memberMetadata)?.topics ?? [] };
}

/** Partition counts of every topic that any member reads; during a roll-out that may be more than this member's own. */
async function partitionCounts(cluster: Cluster, members: readonly GroupMember[]): Promise<Record<string, number>> {
  const topics = [...new Set(members.flatMap((member) => member.topics))];
  await cluster.addMultipleTargetTopics(topics);
  return Object.fromEntries(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
}

/**
 * kafkajs emits its rebalancing event and joins again without waiting for anybody. Looking up the coordinator is the first step of every
 * join and of nothing else a consumer does, so waiting there keeps the old membership, and with it the right to commit, until the work
 * under way is done.
 */
function delayJoins(cluster: Cluster, beforeJoin: () => Promise<void>): void {
  const findGroupCoordinator = cluster.findGroupCoordinator.bind(cluster);
  cluster.findGroupCoordinator = async (group) => {
    await beforeJoin();
    return findGroupCoordinator(group);
  };
}

/**
 * The assigner that gives partition i of all topics to one member (see `assignPartitions`). `beforeJoin` is awaited before the consumer
 * joins its group, the first time and at each rebalance.
 */
export function createCopartitionedAssigner(beforeJoin: () => Promise<void>): PartitionAssigner {
  return ({ cluster }) => {
    delayJoins(cluster, beforeJoin);
    return {
      name: NAME,
      version: VERSION,
      protocol: ({ topics }) => ({
        name: NAME,
        metadata: AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics, userData: NO_DATA }),
      }),
      async assign({ members: encoded }) {
        const members = encoded.map(decodeMember);
        const shares = assignPartitions(members, await partitionCounts(cluster, members));
        return members.map(({ memberId }) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: VERSION,
            assignment: shares.get(memberId) ?? {},
            userData: NO_DATA,
          }),
        }));
      },
    };
  };
}
