import { LabelstreamError } from '../../errors.js';
import type { Broker, RecordProducer, Subscription, TransactionalProducer } from '../../ports/broker.js';
import { createKafkaAdmin } from './admin.js';
import { createClientFactory, type KafkaBrokerDeps } from './client.js';
import { createKafkaProducer } from './producer.js';
import { readTopic } from './reader.js';
import { createKafkaSubscription } from './subscription.js';
import { createKafkaTransactionalProducer } from './transactional-producer.js';

export type { KafkaBrokerDeps } from './client.js';

/** The broker port on kafkajs 2.2.4. Connects when it is first used. */
export function createKafkaBroker(deps: KafkaBrokerDeps): Broker {
  const { log, clientId } = deps;
  let lastSocketError: Error | null = null;
  const openClient = createClientFactory(deps, (error) => {
    lastSocketError = error;
  });
  const admin = createKafkaAdmin({ openClient, log, lastSocketError: () => lastSocketError });
  const subscriptions = new Set<Subscription>();
  const producers = new Set<RecordProducer | TransactionalProducer>();
  const closed = new AbortController();

  /** Closes the producer with the broker, unless it was closed before. */
  function track<P extends RecordProducer | TransactionalProducer>(producer: P): P {
    producers.add(producer);
    const close = async () => {
      producers.delete(producer);
      await producer.close();
    };
    return { ...producer, close };
  }

  /** Also fails soon when Kafka does not answer at all. */
  async function assertTopics(topics: readonly string[]): Promise<void> {
    const existing = new Set((await admin.describe(topics)).map(({ topic }) => topic));
    const missing = topics.find((topic) => !existing.has(topic));
    if (missing !== undefined) throw new LabelstreamError('BROKER_UNAVAILABLE', `topic ${missing} does not exist`);
  }

  return {
    async subscribe(options) {
      await assertTopics(options.topics.map(({ topic }) => topic));
      const onClosed = (subscription: Subscription) => subscriptions.delete(subscription);
      const subscription = await createKafkaSubscription({ openClient, log, onClosed }, options);
      subscriptions.add(subscription);
      return subscription;
    },
    async producer() {
      return track(await createKafkaProducer({ openClient, log }));
    },
    async transactionalProducer(transactionalId) {
      return track(await createKafkaTransactionalProducer({ openClient, log, positions: admin.positions }, transactionalId));
    },
    ensureTopics: admin.ensureTopics,
    describe: admin.describe,
    committed: admin.committed,
    deleteBefore: admin.deleteBefore,
    ping: admin.ping,
    read: (options) => readTopic({ openClient, admin, clientId, log }, options, closed.signal),
    async close() {
      closed.abort();
      await Promise.all([...subscriptions].map((subscription) => subscription.close()));
      await Promise.all([...producers].map((producer) => producer.close()));
      await admin.close();
    },
  };
}
