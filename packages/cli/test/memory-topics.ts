import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import { createCodecs } from '@labelstream/shared/events/codecs';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';

/** All topics in memory, with the codecs and a producer of what lies in them. */
export async function openMemoryTopics() {
  const broker = createMemoryBroker();
  const topics = topicNames();
  const codecs = await createCodecs();
  await broker.ensureTopics(topics.all(), { partitions: 3 });
  return { broker, topics, codecs, producer: await broker.producer() };
}

/** The least that can be said of a product. */
export const labelsOf = (productId: string, version: number): ProductLabels => ({
  productId,
  version,
  revision: 0,
  labels: [],
  image: 'MISSING',
  text: 'USED',
  mismatched: false,
  changedTasks: [],
  model: { encoder: 'e@1', fusion: 'f@1', generation: 1 },
  lane: 'live',
  labelledAt: 1,
  occurredAt: 1,
  receivedAt: 1,
});
