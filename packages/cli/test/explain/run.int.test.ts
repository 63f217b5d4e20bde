import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import { topicNames } from '@labelstream/shared/events/topics';
import { startServices } from '@labelstream/shared/service/start-service';
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { findListing } from '../../src/explain/find-listing.js';
import type { ExplainReport } from '../../src/explain/report.js';
import { type LabelLine, lastLabels } from '../../src/labels/read.js';
import { runCli } from '../../src/program.js';
import { loadServices } from '../../src/services.js';
import { fakeStream } from '../fake-terminal.js';

const WAIT = { timeout: 90_000, interval: 200 };
const BUNDLES = resolve(import.meta.dirname, '../../../shared/test/fixtures/bundles');
const topicPrefix = `explain-${process.pid}.`;
const topics = topicNames(topicPrefix);
const log = pino({ level: 'silent' });
const codecs = await createCodecs();
const broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'explain-test', log });
const cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log });
const { signal } = new AbortController();

let root: string;
let env: Record<string, string>;
let running: Awaited<ReturnType<typeof startServices>>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'labelstream-explain-'));
  const picture = sharp({ create: { width: 30, height: 40, channels: 3, background: '#3060c0' } });
  await writeFile(join(root, 'p.png'), await picture.png().toBuffer());
  env = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_STATE_URL: inject('redisState'),
    REDIS_CACHE_URL: inject('redisCache'),
    TOPIC_PREFIX: topicPrefix,
    TOPIC_PARTITIONS: '1',
    ENCODER_BUNDLE: join(BUNDLES, 'encoder'),
    FUSION_BUNDLE: join(BUNDLES, 'fusion-attention'),
    IMAGE_FILE_ROOT: root,
  };
  const services = await loadServices(['ingest', 'encoder', 'fusion', 'sink']);
  running = await startServices(services, { name: 'explained', settings: readConfig(commonSettings, env), env, log, signal });
}, 300_000);
afterAll(async () => {
  await running.stop();
  await Promise.all([broker.close(), cache.close(), rm(root, { recursive: true })]);
});

/** Sends an event and gives what was published for it. */
async function publish(productId: string, change: Partial<ProductEvent>): Promise<LabelLine> {
  const event: ProductEvent = {
    productId,
    version: 1,
    op: 'UPSERT',
    title: 'abc cab',
    attributes: {},
    images: [],
    occurredAt: 0,
    ...change,
  };
  const producer = await broker.producer();
  await producer.send([{ topic: topics.of('events'), key: productId, value: codecs.productEvent.encode(event) }]);
  await producer.close();
  return vi.waitFor(async () => {
    const line = await lastLabels({ broker, labels: codecs.labels, topic: topics.of('labels') }, productId, signal);
    if (line === null || 'deleted' in line !== (event.op === 'DELETE')) throw new Error(`nothing new of ${productId} yet`);
    return line;
  }, WAIT);
}

async function explain(...argv: string[]) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const code = await runCli(['explain', ...argv], { config: readCliConfig(env), stdout, stderr, signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}
const reportOf = async (...argv: string[]) => JSON.parse((await explain(...argv, '--json')).stdout) as ExplainReport;

test('a product that went through is explained with the labels and weights that were published, from the cache or without it', async () => {
  const images = [{ uri: pathToFileURL(join(root, 'p.png')).href }];
  const published = await publish('p', { images });
  const report = await reportOf('p');
  if ('deleted' in published) throw new Error('p is deleted');
  const { productId, labels, mismatched, imageTextMatch, model } = published;
  expect(labels.every(({ imageWeight }) => imageWeight > 0 && imageWeight < 1)).toBe(true);
  expect(report).toMatchObject({ productId, labels, mismatched, imageTextMatch, model, text: 'abc cab', notes: [] });
  expect(report.map).toMatchObject({ method: 'attention', words: [{ word: 'abc' }, { word: 'cab' }] });
  expect((await reportOf('p', '--method', 'occlusion')).map).toMatchObject({
    method: 'occlusion',
    words: [{ word: 'abc' }, { word: 'cab' }],
  });

  const found = await findListing({ broker, topics, codecs }, 'p', signal);
  const keys = [cacheKeys.imageTokens(model.encoder, found!.imageSha256!), cacheKeys.textTokens(model.encoder, found!.textSha256!)];
  expect(await cache.existMany(keys)).toEqual([true, true]);
  await cache.deleteMany(keys);
  expect(await reportOf('p')).toEqual(report);

  await rm(join(root, 'p.png'));
  const without = await reportOf('p');
  expect(without).toMatchObject({ labels, notes: [expect.stringMatching(/IMAGE_NOT_FOUND.*own small copy/)], map: report.map });
}, 200_000);

test('a listing of text alone has weights and no map, which is an error only where one is asked for', async () => {
  expect(await publish('text-only', {})).toMatchObject({ image: 'MISSING' });
  const report = await reportOf('text-only');
  expect(report).not.toHaveProperty('map');
  expect(report.labels.map(({ textWeight }) => textWeight)).toEqual([1, 1]);
  expect(await explain('text-only', '--out', join(root, 'never.png'))).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no picture/),
  });
}, 200_000);

test('after a promote the promoted head answers, and says so; labels stay those that were published', async () => {
  const model = { fusion: expect.stringMatching(/^tiny-fusion-attention@/) };
  expect(await reportOf('text-only')).toMatchObject({ model, head: { from: 'setting', why: 'nothing was ever promoted' } });
  const stdout = fakeStream();
  const promote = ['models', 'promote', join(BUNDLES, 'fusion'), '--wait'];
  expect(await runCli(promote, { config: readCliConfig(env), stdout, stderr: stdout, signal }), stdout.text()).toBe(0);
  const head = { id: expect.stringMatching(/^tiny-fusion@/), from: 'active', served: { generation: expect.any(Number) } };
  expect(await reportOf('text-only')).toMatchObject({ model, head, notes: [expect.stringMatching(/maps are made by tiny-fusion@/)] });
  const local = await reportOf('--title', 'abc');
  expect(local).toMatchObject({ head, model: { fusion: head.id, generation: local.head.served!.generation } });
  expect((await explain('--title', 'abc', '--fusion', join(BUNDLES, 'fusion-attention'))).stdout).toMatch(
    /Answered by tiny-fusion-attention@\w+, as --fusion says\.\n$/,
  );
}, 200_000);

test('a product that was deleted, and one that never was, are no more than a sentence', async () => {
  await publish('text-only', { version: 2, op: 'DELETE' });
  expect(await explain('text-only')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/text-only .*: it was deleted\.\n$/),
  });
  expect(await explain('nobody')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/no labels of it were ever published/),
  });
}, 200_000);
