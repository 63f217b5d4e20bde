import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { PredictedListing } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { createDecider, type Decided } from '@labelstream/shared/stream/decided';
import { drop } from '@labelstream/shared/stream/outcome';
import { createPartitionTransactions, type OpenTransactions } from '@labelstream/shared/stream/partition-transactions';
import { createSendBack } from '@labelstream/shared/stream/send-back';
import type { Stage } from '@labelstream/shared/stream/stage';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createSinkMetrics } from '../src/metrics.js';
import { decodeStoredState, encodeSaved } from '../src/published.js';
import { createPublishedStore } from '../src/published-store.js';
import { createRecordFactory } from '../src/records.js';
import { createSinkStage } from '../src/stage.js';
import { predicted } from './arbitraries.js';

const WAIT = { timeout: 30_000, interval: 50 };
const prefix = `published-store-${process.pid}.`;
const topics = topicNames(prefix);
const log = pino({ level: 'silent' });
const codecs = await createCodecs();
const broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'published-store-test', log });
const state = await createRedisKeyValueStore({ url: inject('redisState'), role: 'state', log });

beforeAll(async () => {
  await broker.ensureTopics(topics.all(), { partitions: 1 });
  await state.setMany([{ key: stateKeys.publishedComplete(prefix, 0), value: encodeSaved({ live: 0, backfill: 0 }) }]);
});
afterAll(async () => {
  await Promise.all([broker.close(), state.close()]);
});

/** A sink that owns partition 0, as the worker drives it. */
interface Owner {
  readonly stage: Stage;
  readonly transactions: OpenTransactions;
}

async function takeOver(store: KeyValueStore = state): Promise<Owner> {
  const rebuild = () => Promise.reject(new Error('nothing is lost here'));
  const stage = createSinkStage({
    codec: codecs.predicted,
    published: createPublishedStore({ state: store, prefix, rebuild }),
    sendBack: createSendBack({ topics, codec: codecs.productEvent, limit: 5 }),
    requeueLimit: 5,
    records: createRecordFactory({ topics, codecs, options: { taskTopics: [], embeddings: false }, now: Date.now }),
    metrics: createSinkMetrics(new Registry()),
    now: Date.now,
  });
  const transactions = createPartitionTransactions({ broker, groupId: `${prefix}sink`, topics, stage, log }, 0);
  // Again and again, as a worker does: a Kafka that has just begun knows no coordinator of the group yet.
  return { stage, transactions: await vi.waitFor(transactions.open, WAIT) };
}

async function work({ stage, transactions }: Owner, batch: readonly InMessage[]): Promise<Decided[]> {
  const outcomes = await stage.process(batch, transactions.progress());
  const decided = createDecider(stage, topics).decide(batch, outcomes);
  await transactions.commit(decided);
  return decided;
}

const kinds = (decided: readonly Decided[]) => decided.map(({ outcome }) => (outcome.kind === 'drop' ? outcome.reason : outcome.kind));

/** Messages of partition 0 from this offset on. */
const messages = (from: number, ...records: PredictedListing[]): InMessage[] =>
  records.map((record, i) => ({
    topic: topics.of('predicted'),
    lane: 'live',
    partition: 0,
    offset: from + i,
    key: record.productId,
    value: codecs.predicted.encode(record),
    headers: {},
    timestampMs: 0,
    generation: 1,
  }));

/** The real store of a process that is frozen with its next write in hand, until it is woken. */
function freezing(store: KeyValueStore) {
  const frozen = vi.fn();
  let wake = () => {};
  const awake = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const setMany: KeyValueStore['setMany'] = async (entries, claim) => {
    frozen();
    await awake;
    await store.setMany(entries, claim);
  };
  return {
    store: { ...store, setMany },
    untilFrozen: () => vi.waitFor(() => expect(frozen).toHaveBeenCalled(), WAIT),
    wake,
  };
}

const versionInRedis = async (productId: string) => {
  const [value] = await state.getMany([stateKeys.published(prefix, productId)]);
  return decodeStoredState(value ?? null)?.state.rank.version;
};

async function publishedVersions(): Promise<string[]> {
  const seen: string[] = [];
  for await (const { key, value } of broker.read({ topic: topics.of('labels') })) {
    seen.push(`${key}:${value === null ? 'deleted' : (await codecs.labels.decode(value)).version}`);
  }
  return seen;
}

test('a sink that was frozen before it wrote its states overwrites none of its successor when it wakes', async () => {
  const { store, untilFrozen, wake } = freezing(state);
  const batch = messages(0, predicted({ version: 1 }), predicted({ productId: 'other', version: 1 }));
  const zombie = await takeOver(store);
  const zombies = zombie.stage.process(batch, zombie.transactions.progress());
  zombies.catch(() => {});
  await untilFrozen();

  const successor = await takeOver();
  expect(kinds(await work(successor, batch))).toEqual(['emit', 'emit']);
  expect(kinds(await work(successor, messages(2, predicted({ version: 2 }))))).toEqual(['emit']);

  wake();
  await expect(zombies).rejects.toMatchObject({ code: 'STATE_FENCED' });
  expect([await versionInRedis('p1'), await versionInRedis('other')]).toEqual([2, 1]);
  const late = createDecider(zombie.stage, topics).decide(batch, [drop('UNCHANGED'), drop('UNCHANGED')]);
  await expect(zombie.transactions.commit(late)).rejects.toMatchObject({ code: 'BROKER_FENCED' });

  // Had version 1 come back, version 2 would look new.
  expect(kinds(await work(successor, messages(3, predicted({ version: 2 }), predicted({ version: 1 }))))).toEqual([
    'UNCHANGED',
    'STALE_VERSION',
  ]);
  expect(await publishedVersions()).toEqual(['p1:1', 'other:1', 'p1:2']);
});
