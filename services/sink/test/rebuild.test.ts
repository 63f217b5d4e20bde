import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { stateKeys } from '@labelstream/shared/events/keys';
import { partitionOfKey } from '@labelstream/shared/events/partition-of-key';
import { topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { beforeEach, describe, expect, it } from 'vitest';
import { createPublishedStore, type PublishedStore } from '../src/published-store.js';
import { rebuildPublishedState } from '../src/rebuild.js';
import { createRecordFactory, VERSION_HEADER } from '../src/records.js';
import { createSequence } from '../src/sequence.js';
import { predicted } from './arbitraries.js';

const PARTITIONS = 3;
const topics = topicNames('');
const codecs = await createCodecs();
const records = createRecordFactory({ topics, codecs, options: { taskTopics: [], embeddings: false }, now: () => 0 });
/** A product in each partition number. */
const products = Array.from({ length: PARTITIONS }, (_, partition) => {
  for (let i = 0; ; i += 1) if (partitionOfKey(`p${i}`, PARTITIONS) === partition) return `p${i}`;
});
const nameOf = (partition: number) => products[partition]!;
const owner = (partition: number, live = 0) => ({ partition, epoch: 1, committed: { live, backfill: 0 } });

let broker: Broker;
let state: KeyValueStore;
let published: PublishedStore;
beforeEach(async () => {
  broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions: PARTITIONS });
  state = createMemoryKeyValueStore({ role: 'state' });
  published = createPublishedStore({
    state,
    prefix: '',
    async rebuild(partition, claim) {
      const rebuilding = { broker, labels: codecs.labels, state, labelTopic: topics.of('labels'), prefix: '' };
      await rebuildPublishedState({ ...rebuilding, partition, partitions: PARTITIONS, claim });
    },
  });
});

/** A batch of one record up to where its transaction would begin. Returns what the transaction writes. */
async function prepare(partition: number, version: number, offset: number) {
  const record = predicted({ productId: nameOf(partition), version });
  const message = {
    topic: '',
    lane: 'live',
    partition,
    offset,
    key: null,
    value: null,
    headers: {},
    timestampMs: 0,
    generation: 1,
  } as const;
  const committed = { partition, offsets: { live: offset, backfill: 0 } };
  const sequence = createSequence(await published.load([record.productId], owner(partition, offset)), committed);
  const verdict = sequence.next({ message, record, canGoBack: true });
  await published.save(sequence.moved(), owner(partition, offset), { live: offset + 1, backfill: 0 });
  return verdict.kind === 'publish' ? records.labels(record, verdict.changedTasks) : [];
}

async function write(written: Awaited<ReturnType<typeof prepare>>): Promise<void> {
  const producer = await broker.producer();
  await producer.send(written);
  await producer.close();
}

async function loseEverything(): Promise<void> {
  const all = Array.from({ length: PARTITIONS }, (_, i) => [stateKeys.published('', nameOf(i)), stateKeys.publishedComplete('', i)]);
  await state.deleteMany(all.flat());
}

const versionsIn = async (partition: number, committed = 0) => {
  const states = await published.load([nameOf(partition)], owner(partition, committed));
  return [...states.values()].map((stored) => stored.state.rank.version);
};

describe('a published state that was lost', () => {
  it('is rebuilt for the products of a partition number by its owner, and for no others', async () => {
    for (const partition of [0, 1, 2]) await write(await prepare(partition, 3, 0));
    await loseEverything();
    expect(await versionsIn(1)).toEqual([3]);
    expect(await state.getMany([0, 1, 2].map((i) => stateKeys.published('', nameOf(i))))).toEqual([null, expect.anything(), null]);
    expect(await versionsIn(0)).toEqual([3]);
  });

  it('while a batch was on its way to the topic is not taken from before that batch because another owner was quicker', async () => {
    await write(await prepare(1, 5, 0));
    const underWay = await prepare(1, 8, 1);
    await loseEverything();
    await write(await prepare(0, 1, 0));
    await write(underWay);
    expect(await versionsIn(1)).toEqual([8]);
  });

  it('is brought up to the topic where the store was thrown back, and what runs ahead of the topic stays', async () => {
    const key = stateKeys.published('', nameOf(1));
    const sentinel = stateKeys.publishedComplete('', 1);
    await write(await prepare(1, 5, 0));
    const thrownBackTo = await state.getMany([key, sentinel]);
    await write(await prepare(1, 8, 1));
    await state.setMany([key, sentinel].map((each, i) => ({ key: each, value: thrownBackTo[i]! })));
    expect(await versionsIn(1, 2)).toEqual([8]);
    await prepare(1, 9, 2);
    await state.deleteMany([sentinel]);
    expect(await versionsIn(1, 2)).toEqual([9]);
  });

  it('takes a deletion for newer than what it deletes, and than nothing after it', async () => {
    const deletes = (version: number) => [
      { topic: topics.of('labels'), key: nameOf(1), value: null, headers: { [VERSION_HEADER]: String(version) } },
    ];
    await write(await prepare(1, 5, 0));
    await write(deletes(5));
    await state.deleteMany([stateKeys.publishedComplete('', 1)]);
    const states = await published.load([nameOf(1)], owner(1, 1));
    expect(states.get(nameOf(1))?.state.deleted).toBe(true);
    await write(await prepare(1, 6, 1));
    await state.deleteMany([stateKeys.publishedComplete('', 1)]);
    expect((await published.load([nameOf(1)], owner(1, 2))).get(nameOf(1))?.state.deleted).toBe(false);
  });

  it('knows what was deleted, and since which version', async () => {
    await write([{ topic: topics.of('labels'), key: nameOf(2), value: null, headers: { [VERSION_HEADER]: '7' } }]);
    expect(await versionsIn(2)).toEqual([7]);
  });
});
