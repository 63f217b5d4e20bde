import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { PredictedListing } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import { startServices } from '@labelstream/shared/service/start-service';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { sinkService } from '../src/index.js';
import { predicted } from './arbitraries.js';

const WAIT = { timeout: 30_000, interval: 50 };
const topicPrefix = `sink-${process.pid}.`;
const topics = topicNames(topicPrefix);
const log = pino({ level: 'silent' });
const codecs = await createCodecs();
const broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'sink-test', log });
const state = await createRedisKeyValueStore({ url: inject('redisState'), role: 'state', log });

const env = {
  KAFKA_BROKERS: inject('brokers').join(','),
  REDIS_STATE_URL: inject('redisState'),
  REDIS_CACHE_URL: inject('redisCache'),
  TOPIC_PREFIX: topicPrefix,
  TOPIC_PARTITIONS: '2',
  TASK_TOPICS: 'articleType',
  EMBEDDINGS_TOPIC: 'true',
};

type Sink = Awaited<ReturnType<typeof startServices>>;
let sink: Sink;

const start = () =>
  startServices([sinkService], { name: 'sink', settings: readConfig(commonSettings, env), env, log, signal: new AbortController().signal });

beforeAll(async () => {
  sink = await start();
});
afterAll(async () => {
  await sink.stop();
  await Promise.all([broker.close(), state.close()]);
});

async function send(...records: PredictedListing[]): Promise<void> {
  const producer = await broker.producer();
  await producer.send(
    records.map((record) => ({
      topic: topics.of('predicted', record.lane),
      key: record.productId,
      value: codecs.predicted.encode(record),
    })),
  );
  await producer.close();
}

/** Every committed record of a topic: `product:version`, or `product:deleted`. */
async function published(topic = topics.of('labels')): Promise<string[]> {
  const seen: string[] = [];
  for await (const { key, value } of broker.read({ topic })) {
    const version = value === null ? 'deleted' : topic === topics.of('labels') ? (await codecs.labels.decode(value)).version : 'there';
    seen.push(`${key}:${version}`);
  }
  return seen.sort();
}

test('publishes through real transactions, each change once, to every topic that is asked for', async () => {
  await send(predicted({ productId: 'a' }), predicted({ productId: 'a' }), predicted({ productId: 'b', version: 2 }));
  await vi.waitFor(async () => expect(await published()).toEqual(['a:1', 'b:2']), WAIT);
  expect(await published(topics.task('articleType'))).toEqual(['a:there', 'b:there']);
  expect(await published(topics.of('embeddings'))).toEqual(['a:there', 'b:there']);
});

test('goes on, after a restart, from what was published, whichever lane it comes from', async () => {
  await sink.stop();
  sink = await start();
  await send(predicted({ productId: 'b', version: 1, lane: 'backfill' }), predicted({ productId: 'a', op: 'DELETE', version: 2 }));
  await vi.waitFor(async () => expect(await published()).toEqual(['a:1', 'a:deleted', 'b:2']), WAIT);
});

test('rebuilds its lost state from the label topic, so that nothing old is published over something new', async () => {
  const lost = ['a', 'b'].map((id) => stateKeys.published(topicPrefix, id));
  await state.deleteMany([...[0, 1].map((partition) => stateKeys.publishedComplete(topicPrefix, partition)), ...lost]);
  await send(predicted({ productId: 'b', version: 1 }), predicted({ productId: 'a', version: 1 }), predicted({ productId: 'c' }));
  await vi.waitFor(async () => expect(await published()).toContain('c:1'), WAIT);
  await send(predicted({ productId: 'b', version: 3 }));
  await vi.waitFor(async () => expect(await published()).toEqual(['a:1', 'a:deleted', 'b:2', 'b:3', 'c:1']), WAIT);
});
