import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import { startServices } from '@labelstream/shared/service/start-service';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { loadServices } from '../src/services.js';

const WAIT = { timeout: 90_000, interval: 100 };
const topicPrefix = `several-${process.pid}.`;
const topics = topicNames(topicPrefix);
const log = pino({ level: 'silent' });
const codecs = await createCodecs();
const broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'several-test', log });
const cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log });
const COLOURS = { red: '#d01010', green: '#10c030', blue: '#1010d0' };

let root: string;
let running: Awaited<ReturnType<typeof startServices>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'labelstream-several-'));
  for (const [name, background] of Object.entries(COLOURS)) {
    await writeFile(
      join(root, `${name}.png`),
      await sharp({ create: { width: 24, height: 32, channels: 3, background } })
        .png()
        .toBuffer(),
    );
  }
  const env = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_STATE_URL: inject('redisState'),
    REDIS_CACHE_URL: inject('redisCache'),
    TOPIC_PREFIX: topicPrefix,
    TOPIC_PARTITIONS: '1',
    ENCODER_BUNDLE: 'packages/shared/test/fixtures/bundles/encoder',
    FUSION_BUNDLE: 'packages/shared/test/fixtures/bundles/fusion',
    IMAGE_FILE_ROOT: root,
  };
  const services = await loadServices(['ingest', 'encoder', 'fusion', 'sink']);
  const settings = readConfig(commonSettings, env);
  running = await startServices(services, { name: 'several', settings, env, log, signal: new AbortController().signal });
}, 300_000);
afterAll(async () => {
  await running.stop();
  await Promise.all([broker.close(), cache.close(), rm(root, { recursive: true })]);
});

const imageOf = (name: string) => ({ uri: pathToFileURL(join(root, `${name}.png`)).href });

async function send(productId: string, images: readonly string[], version = 1): Promise<void> {
  const event: ProductEvent = {
    productId,
    version,
    op: 'UPSERT',
    title: 'abc cab',
    attributes: {},
    images: images.map(imageOf),
    occurredAt: 0,
  };
  const producer = await broker.producer();
  await producer.send([{ topic: topics.of('events'), key: productId, value: codecs.productEvent.encode(event) }]);
  await producer.close();
}

async function labelsOf(productId: string, version = 1): Promise<ProductLabels> {
  const found = async () => {
    for await (const { key, value } of broker.read({ topic: topics.of('labels') })) {
      const labels = key === productId && value !== null ? await codecs.labels.decode(value) : undefined;
      if (labels?.version === version) return labels;
    }
    return undefined;
  };
  return vi.waitFor(async () => (await found()) ?? Promise.reject(new Error(`no labels of ${productId} yet`)), WAIT);
}

async function label(productId: string, images: readonly string[], version = 1): Promise<ProductLabels> {
  await send(productId, images, version);
  return labelsOf(productId, version);
}

test('of three images the second, which fits the text, is labelled, also when one comes to nothing and when the cache has lost it', async () => {
  const matches = await Promise.all(Object.keys(COLOURS).map(async (name) => ({ name, labels: await label(`only-${name}`, [name]) })));
  const [worse, worst, best] = ((sorted) => [sorted[1]!, sorted[2]!, sorted[0]!])(
    matches.toSorted((a, b) => b.labels.imageTextMatch! - a.labels.imageTextMatch!),
  );
  expect(best.labels.imageTextMatch).toBeGreaterThan(worse.labels.imageTextMatch!);

  const three = [worse.name, best.name, worst.name];
  const chosen = await label('three', three);
  expect(chosen).toMatchObject({ imageIndex: 1, image: 'USED', text: 'USED', mismatched: false });
  expect(chosen.imageTextMatch).toBeCloseTo(best.labels.imageTextMatch!, 6);
  expect(chosen.labels).toEqual(best.labels.labels);

  expect(await label('gaps', ['none', 'none', best.name, worst.name])).toMatchObject({ imageIndex: 2, image: 'USED' });

  // A candidate's tokens vanish between encoder and fusion: the listing goes round again and ends the same.
  for await (const { value } of broker.read({ topic: topics.of('encoded') })) {
    const record = await codecs.encoded.decode(value!);
    if (record.productId !== 'three') continue;
    await cache.deleteMany(record.candidates.map(({ sha256 }) => cacheKeys.imageTokens(record.encoderId, sha256)));
    const producer = await broker.producer();
    await producer.send([
      { topic: topics.of('encoded'), key: 'three', value: codecs.encoded.encode({ ...record, version: 2 }), headers: {} },
    ]);
    await producer.close();
    break;
  }
  expect(await labelsOf('three', 2)).toMatchObject({ imageIndex: 1, labels: best.labels.labels });
}, 300_000);
