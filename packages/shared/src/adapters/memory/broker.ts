import { LabelstreamError } from '../../errors.js';
import type { Broker, PartitionOffset, Subscription } from '../../ports/broker.js';
import { createMemoryGroup, type MemoryGroup } from './group.js';
import { createMemoryProducers } from './producers.js';
import { readLog } from './reader.js';
import { createMemorySubscription } from './subscription.js';
import { createTopicLog } from './topic-log.js';

/**
 * Kafka in the memory of one process, for tests and for demonstrations without an engine. Nothing is durable. Same semantics as the real
 * one: partitions by key, groups with generations and co-partitioned assignment, transactions that leave a control record behind, fencing.
 */
export function createMemoryBroker(): Broker {
  const log = createTopicLog();
  const groups = new Map<string, MemoryGroup>();
  const subscriptions = new Set<Subscription>();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new LabelstreamError('BROKER_UNAVAILABLE', 'the in-memory broker is closed');
  }

  function group(groupId: string): MemoryGroup {
    const existing = groups.get(groupId);
    if (existing !== undefined) return existing;
    const created = createMemoryGroup(log.partitionCount);
    groups.set(groupId, created);
    return created;
  }

  async function subscribe(options: Parameters<Broker['subscribe']>[0]): Promise<Subscription> {
    assertOpen();
    const missing = options.topics.find(({ topic }) => log.partitionCount(topic) === 0);
    if (missing !== undefined) throw new LabelstreamError('BROKER_UNAVAILABLE', `topic ${missing.topic} does not exist`);
    const onClosed = (subscription: Subscription) => subscriptions.delete(subscription);
    const subscription = await createMemorySubscription({ log, group: group(options.groupId), onClosed }, options);
    subscriptions.add(subscription);
    return subscription;
  }

  const producers = createMemoryProducers({ log, group, assertOpen });

  const committed = (groupId: string, topics: readonly string[]): PartitionOffset[] =>
    log.describe(topics).flatMap(({ topic, partition }) => {
      const offset = groups.get(groupId)?.committed({ topic, partition });
      return offset === undefined ? [] : [{ topic, partition, offset }];
    });

  return {
    subscribe,
    async producer() {
      assertOpen();
      return producers.plain();
    },
    async transactionalProducer(transactionalId) {
      assertOpen();
      return producers.transactional(transactionalId);
    },
    async ensureTopics(topics, { partitions }) {
      assertOpen();
      for (const { topic } of topics) log.create(topic, partitions);
    },
    async describe(topics) {
      assertOpen();
      return log.describe(topics);
    },
    async committed(groupId, topics) {
      assertOpen();
      return committed(groupId, topics);
    },
    async deleteBefore(positions) {
      assertOpen();
      for (const { topic, partition, offset } of positions) log.deleteBefore(topic, partition, offset);
    },
    read(options) {
      assertOpen();
      return readLog(log, options);
    },
    async ping() {
      assertOpen();
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      closed = true;
    },
  };
}
