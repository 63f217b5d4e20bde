import { type Kafka, KafkaJSConnectionError } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createKafkaAdmin } from '../../src/adapters/kafka/admin.js';
import { createKafkaBroker } from '../../src/adapters/kafka/broker.js';
import { createClientFactory, type OpenClient } from '../../src/adapters/kafka/client.js';
import { createKafkaTransactionalProducer } from '../../src/adapters/kafka/transactional-producer.js';
import type { Broker } from '../../src/ports/broker.js';
import { brokerConformance } from '../conformance/broker.js';
import { createTopics, join, readAll, record, textOf, unique } from '../conformance/broker-tools.js';

const log = pino({ level: 'error' });
const deps = () => ({ brokers: inject('brokers'), clientId: 'conformance', log });

brokerConformance('kafkajs', async () => createKafkaBroker(deps()));

/** kafkajs whose next final commit fails with a broken connection, before or after the broker has done it. */
function losingAnswers(openClient: OpenClient, lose: { next: 'before' | 'after' | null }): OpenClient {
  const connectionLost = () => new KafkaJSConnectionError('answer lost');
  return () => {
    const kafka = openClient();
    const producer: Kafka['producer'] = (config) => {
      const real = kafka.producer(config);
      const transaction: typeof real.transaction = async () => {
        const begun = await real.transaction();
        const commit = async () => {
          const when = lose.next;
          lose.next = null;
          if (when === 'before') throw connectionLost();
          await begun.commit();
          if (when === 'after') throw connectionLost();
        };
        return { ...begun, commit };
      };
      return { ...real, transaction };
    };
    return { producer } as Kafka;
  };
}

describe('kafkajs broker, beyond the port', () => {
  let broker: Broker;
  beforeAll(() => {
    broker = createKafkaBroker(deps());
  });
  afterAll(() => broker.close());

  it.each(['before', 'after'] as const)('writes a transaction once although the answer was lost %s it was done', async (when) => {
    const [topic] = await createTopics(broker, 1, 'ambiguous');
    const groupId = unique('group');
    const positions = (offset: number) => ({ groupId, offsets: [{ topic: topic!, partition: 0, offset }] });
    const openClient = createClientFactory(deps());
    const admin = createKafkaAdmin({ openClient, log });
    const lose: { next: 'before' | 'after' | null } = { next: null };
    const id = unique('id');
    const producer = await createKafkaTransactionalProducer(
      { openClient: losingAnswers(openClient, lose), positions: admin.positions, log },
      id,
    );
    await producer.commit([record(topic!, 'k', '1')], positions(1));
    lose.next = when;
    const failing = producer.commit([record(topic!, 'k', '2')], positions(2));
    await expect(failing).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', retriable: true });
    await producer.commit([record(topic!, 'k', '2')], positions(2));
    await producer.commit([record(topic!, 'k', '3')], positions(3));
    expect((await readAll(broker, { topic: topic! })).map(textOf)).toEqual(['1', '2', '3']);
    expect(await broker.committed(groupId, [topic!])).toEqual([{ topic, partition: 0, offset: 3 }]);
    await producer.close();
    await admin.close();
  });

  it('reads to the last committed record while a transaction is open behind it', async () => {
    const [topic] = await createTopics(broker, 1, 'open');
    const producer = await broker.producer();
    await producer.send([record(topic!, 'k', 'committed')]);
    const raw = createClientFactory(deps())().producer({ transactionalId: unique('id'), maxInFlightRequests: 1 });
    await raw.connect();
    const transaction = await raw.transaction();
    await transaction.send({ topic: topic!, messages: [{ key: 'k', value: 'open' }] });
    const startedAt = Date.now();
    expect((await readAll(broker, { topic: topic! })).map(textOf)).toEqual(['committed']);
    expect(Date.now() - startedAt).toBeLessThan(3000);
    await transaction.abort();
    await raw.disconnect();
    expect((await readAll(broker, { topic: topic! })).map(textOf)).toEqual(['committed']);
    await producer.close();
  });

  it('says so when a group cannot be joined for good', async () => {
    const [topic] = await createTopics(broker, 1, 'protocol');
    const groupId = unique('group');
    const foreign = createClientFactory(deps())().consumer({ groupId, maxWaitTimeInMs: 50 });
    await foreign.connect();
    await foreign.subscribe({ topics: [topic!] });
    await foreign.run({ eachMessage: async () => {} });
    await expect(join(broker, topic!, groupId)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await foreign.disconnect();
  });

  it('says within seconds that Kafka does not answer', async () => {
    const nowhere = createKafkaBroker({ brokers: ['127.0.0.1:1'], clientId: 'nowhere', log });
    await expect(nowhere.ping()).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', retriable: true });
    await nowhere.close();
  });
});
