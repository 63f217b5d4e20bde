import type { PredictedListing } from '@labelstream/shared/events/records';
import { expect, test } from 'vitest';
import { findListing } from '../../src/explain/find-listing.js';
import { openMemoryTopics } from '../memory-topics.js';

const { signal } = new AbortController();

async function setUp() {
  const { producer, ...connection } = await openMemoryTopics();
  const { topics, codecs } = connection;
  const send = (topic: string, key: string, value: Uint8Array) => producer.send([{ topic, key, value }]);
  return { connection, send, topics, codecs };
}

const predicted = (productId: string, version: number, title: string): PredictedListing => ({
  productId,
  version,
  revision: 0,
  op: 'UPSERT',
  lane: 'live',
  listing: { title, attributes: {}, images: [{ uri: 'https://shop.example/1.jpg' }] },
  occurredAt: 1,
  receivedAt: 1,
  image: { state: 'USED', sha256: 'a'.repeat(64) },
  text: { state: 'USED', sha256: 'b'.repeat(64) },
  labels: [],
  mismatched: false,
  embedding: [],
  model: { encoder: 'e@1', fusion: 'f@1', generation: 1 },
});

test('the listing is that of the newest version in either lane, with the keys of its content', async () => {
  const { connection, send, topics, codecs } = await setUp();
  await send(topics.of('predicted', 'live'), 'p', codecs.predicted.encode(predicted('p', 1, 'old')));
  await send(topics.of('predicted', 'backfill'), 'p', codecs.predicted.encode(predicted('p', 2, 'new')));
  expect(await findListing(connection, 'p', signal)).toMatchObject({
    version: 2,
    listing: { title: 'new' },
    imageSha256: 'a'.repeat(64),
    textSha256: 'b'.repeat(64),
  });
});

test('once its labelling is gone, the event tells', async () => {
  const { connection, send, topics, codecs } = await setUp();
  const event = { productId: 'p', version: 3, op: 'UPSERT' as const, title: 'of the event', attributes: {}, images: [], occurredAt: 1 };
  await send(topics.of('events'), 'p', codecs.productEvent.encode(event));
  const found = await findListing(connection, 'p', signal);
  expect(found).toMatchObject({ version: 3, listing: { title: 'of the event' } });
  expect(found).not.toHaveProperty('imageSha256');
});

test('an unknown product is nowhere', async () => {
  expect(await findListing((await setUp()).connection, 'nobody', signal)).toBeNull();
});
