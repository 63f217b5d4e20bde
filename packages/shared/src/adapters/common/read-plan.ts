import type { Lane } from '../../events/lane.js';
import type { Broker, TopicInfo } from '../../ports/broker.js';

export type ReadOptions = Parameters<Broker['read']>[0];

/** The lane that a topic's name tells, for messages read outside a subscription. */
export const laneOfTopic = (topic: string): Lane => (topic.endsWith('.backfill') ? 'backfill' : 'live');

/** Where reading of a partition begins; never before its first offset. */
export function startOffset(from: ReadOptions['from'], info: TopicInfo): number {
  if (from === 'latest') return info.latest;
  const asked = from === undefined || from === 'earliest' ? undefined : from.find(({ partition }) => partition === info.partition);
  return Math.max(asked?.offset ?? info.earliest, info.earliest);
}
