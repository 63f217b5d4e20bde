import { topicNames } from '@labelstream/shared/events/topics';
import { expect, test } from 'vitest';
import { findProduct } from '../../src/explain/find-product.js';
import { labelsOf, openMemoryTopics } from '../memory-topics.js';

const { signal } = new AbortController();
const LABELS = labelsOf('p', 2);

async function setUp() {
  const { producer, ...connection } = await openMemoryTopics();
  const send = (topic: string, value: Uint8Array | null) => producer.send([{ topic, key: 'p', value }]);
  return { connection, send };
}

test('a product has its newest labels and its listing', async () => {
  const { connection, send } = await setUp();
  const { topics, codecs } = connection;
  const event = { productId: 'p', version: 2, op: 'UPSERT' as const, title: 'blue shirt', attributes: {}, images: [], occurredAt: 1 };
  await send(topics.of('events'), codecs.productEvent.encode(event));
  await send(topics.of('labels'), codecs.labels.encode({ ...LABELS, version: 1 }));
  await send(topics.of('labels'), codecs.labels.encode(LABELS));
  expect(await findProduct(connection, 'p', signal)).toMatchObject({
    labels: { version: 2 },
    listing: { version: 2, listing: { title: 'blue shirt' } },
  });
});

test('labels outlive their listing', async () => {
  const { connection, send } = await setUp();
  await send(connection.topics.of('labels'), connection.codecs.labels.encode(LABELS));
  expect(await findProduct(connection, 'p', signal)).toMatchObject({ labels: { version: 2 }, listing: null });
});

test('an unknown product and a deleted one are told apart', async () => {
  const { connection, send } = await setUp();
  expect(await findProduct(connection, 'p', signal)).toEqual({ missing: 'no labels of it were ever published' });
  await send(connection.topics.of('labels'), connection.codecs.labels.encode(LABELS));
  await send(connection.topics.of('labels'), null);
  expect(await findProduct(connection, 'p', signal)).toEqual({ missing: 'it was deleted' });
});

test('without a label topic one sentence says what to do', async () => {
  const { connection } = await setUp();
  const nowhere = { ...connection, topics: topicNames('elsewhere.') };
  await expect(findProduct(nowhere, 'p', signal)).rejects.toThrow(/There is no topic elsewhere\.product\.labels; start the services/);
});
