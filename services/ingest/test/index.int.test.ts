import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goodJpeg } from '@labelstream/samples/adapters/bad-images';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { PreparedListing } from '@labelstream/shared/events/records';
import { openContext } from '@labelstream/shared/service/open-context';
import { runServices } from '@labelstream/shared/service/run-services';
import type { ServiceContext } from '@labelstream/shared/service/service';
import { waitAtStart } from '@labelstream/shared/service/wait-at-start';
import { DEAD_LETTER_HEADERS } from '@labelstream/shared/stream/dead-letter';
import { createLifecycle } from '@labelstream/shared/stream/lifecycle';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { CREDENTIALS, type S3Server, startS3Server } from '../../../packages/shared/test/adapters/s3/s3-server.js';
import { ingestService } from '../src/index.js';
import { ENCODER_BUNDLE, event, PIXEL_BYTES } from './harness.js';

const log = pino({ level: 'silent' });
const root = mkdtempSync(join(tmpdir(), 'labelstream-ingest-int-'));
let s3: S3Server;
let web: Server;
let jpeg: Buffer;
/** How the image server answers, by path. */
const answers = new Map<string, (response: ServerResponse) => void>();
const sendGood = (response: ServerResponse) => response.end(jpeg);

beforeAll(async () => {
  jpeg = await goodJpeg();
  writeFileSync(join(root, 'good.jpg'), jpeg);
  s3 = await startS3Server();
  await s3.put('shop-images', 'good.jpg', jpeg);
  web = createServer((request, response) => (answers.get(request.url ?? '') ?? ((other) => other.writeHead(404).end()))(response));
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  await s3.stop();
  web.closeAllConnections();
  web.close();
  rmSync(root, { recursive: true });
});

const port = () => (web.address() as AddressInfo).port;
const webUri = (path: string) => `http://127.0.0.1:${port()}${path}`;

/** Ingest over the real Kafka, Redis and BullMQ, under a prefix of its own. */
interface Running {
  readonly context: ServiceContext;
  produce(...events: ProductEvent[]): Promise<void>;
  /** What is prepared so far, in order: `<revision> <image state> <reason>` by product. */
  passes(): Promise<Record<string, string[]>>;
  records(): Promise<PreparedListing[]>;
  /** Codes of the dead letters so far, by product. */
  deadLetters(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

const running: Running[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});

async function start(prefix: string, env: Record<string, string> = {}): Promise<Running> {
  const all = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_CACHE_URL: inject('redisCache'),
    REDIS_STATE_URL: inject('redisState'),
    TOPIC_PREFIX: prefix,
    TOPIC_PARTITIONS: '2',
    ENCODER_BUNDLE,
    IMAGE_FILE_ROOT: root,
    IMAGE_HTTP_ALLOWED: 'true',
    IMAGE_HOST_ALLOW: `127.0.0.1:${port()}`,
    MAX_IMAGE_BYTES: '100000',
    IMAGE_PATIENCE_MS: '400',
    IMAGE_TIMEOUT_MS: '600',
    IMAGE_RETRY_DELAYS_MS: '400,800',
    S3_ENDPOINT: s3.endpoint,
    S3_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...env,
  };
  const lifecycle = createLifecycle(log);
  const metrics = new Registry();
  const context = await openContext(readConfig(commonSettings, all), { log, lifecycle, wait: waitAtStart(log), metrics });
  const services = await lifecycle.open(
    'services',
    () => runServices([ingestService], context, { env: all }),
    (opened) => opened.stop(),
  );
  services.failed.catch(() => {});
  const one = { context, ...observe(context), stop: () => lifecycle.close() };
  running.push(one);
  return one;
}

function observe({ broker, topics, codecs }: ServiceContext): Omit<Running, 'context' | 'stop'> {
  const records = async () => {
    const found: PreparedListing[] = [];
    for await (const { value } of broker.read({ topic: topics.of('prepared') })) found.push(await codecs.prepared.decode(value!));
    return found;
  };
  return {
    records,
    async produce(...events) {
      const producer = await broker.producer();
      const topic = topics.of('events');
      await producer.send(events.map((each) => ({ topic, key: each.productId, value: codecs.productEvent.encode(each) })));
      await producer.close();
    },
    async passes() {
      const byProduct: Record<string, string[]> = {};
      for (const { productId, revision, image } of await records()) {
        byProduct[productId] = [...(byProduct[productId] ?? []), [revision, image.state, image.reason ?? ''].join(' ').trim()];
      }
      return byProduct;
    },
    async deadLetters() {
      const codes: Record<string, string> = {};
      for await (const { key, headers } of broker.read({ topic: topics.deadLetters('events') })) {
        codes[key ?? ''] = headers[DEAD_LETTER_HEADERS.code] ?? '';
      }
      return codes;
    },
  };
}

const listing = (productId: string, uri: string, changes: Partial<ProductEvent> = {}) =>
  event({ productId, title: 'red shirt', images: [{ uri }], ...changes });
const newPrefix = () => `ingest-${randomUUID().slice(0, 8)}.`;

test('images from the web, S3 and files: each fate has its state, its retries and its dead letter', async () => {
  answers.set('/good.jpg', sendGood);
  answers.set('/silent.jpg', () => {});
  answers.set('/inward.jpg', (response) => response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end());
  answers.set('/large.jpg', (response) => response.writeHead(200, { 'content-length': '100001' }).write('x'));
  answers.set('/endless.jpg', (response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(50_000)), 5);
    response.on('close', () => clearInterval(timer));
  });
  answers.set('/half.jpg', (response) => {
    response.writeHead(200, { 'content-length': String(jpeg.length) });
    response.write(jpeg.subarray(0, 100), () => response.destroy());
    answers.set('/half.jpg', sendGood);
  });
  answers.set('/broken.jpg', (response) => response.writeHead(503).end());
  const ingest = await start(newPrefix(), { HOST_REST_AFTER: '1000' });
  await ingest.produce(
    listing('web', webUri('/good.jpg')),
    listing('s3', 's3://shop-images/good.jpg'),
    listing('file', `file://${root}/good.jpg`),
    listing('silent', webUri('/silent.jpg')),
    listing('inward', webUri('/inward.jpg')),
    listing('large', webUri('/large.jpg')),
    listing('endless', webUri('/endless.jpg')),
    listing('half', webUri('/half.jpg')),
    listing('broken', webUri('/broken.jpg')),
    listing('late', 's3://shop-images/late.jpg'),
    listing('late-only', `file://${root}/late.jpg`, { title: '' }),
    listing('no-bucket', 's3://no-such-bucket/a.jpg'),
    listing('never-only', webUri('/none.jpg'), { title: '' }),
  );
  await vi.waitFor(async () => expect((await ingest.passes()).late).toEqual(['0 PENDING IMAGE_NOT_FOUND']), 20_000);
  await s3.put('shop-images', 'late.jpg', jpeg);
  writeFileSync(join(root, 'late.jpg'), jpeg);
  await vi.waitFor(async () => expect(Object.keys(await ingest.deadLetters()).sort()).toEqual(['broken', 'never-only', 'silent']), 30_000);
  await vi.waitFor(async () => expect((await ingest.passes())['late-only']?.at(-1)).toMatch(/USED/), 10_000);

  expect(await ingest.deadLetters()).toEqual({
    broken: 'IMAGE_FETCH_FAILED',
    silent: 'IMAGE_FETCH_FAILED',
    'never-only': 'IMAGE_NOT_FOUND',
  });
  const passes = await ingest.passes();
  expect(passes).toMatchObject({
    web: ['0 USED'],
    s3: ['0 USED'],
    file: ['0 USED'],
    silent: ['0 PENDING IMAGE_FETCH_FAILED', '2 FAILED IMAGE_FETCH_FAILED'],
    inward: ['0 FAILED IMAGE_URI_FORBIDDEN'],
    large: ['0 FAILED IMAGE_TOO_LARGE'],
    endless: ['0 FAILED IMAGE_TOO_LARGE'],
    half: ['0 PENDING IMAGE_FETCH_FAILED', '1 USED'],
    broken: ['0 PENDING IMAGE_FETCH_FAILED', '2 FAILED IMAGE_FETCH_FAILED'],
    'no-bucket': ['0 FAILED IMAGE_ACCESS_DENIED'],
  });
  expect(passes.late?.at(-1)).toMatch(/^[12] USED$/);
  expect(passes['late-only']).toHaveLength(1);
  expect(passes).not.toHaveProperty('never-only');

  const records = await ingest.records();
  const { sha256 = '' } = records.find(({ productId }) => productId === 'web')!.image;
  const [pixels] = await ingest.context.cache.getMany([cacheKeys.pixels(records[0]!.preprocessId, sha256)]);
  expect(pixels?.length).toBe(PIXEL_BYTES);
  const half = records.filter(({ productId }) => productId === 'half');
  expect(half[1]!.receivedAt).toBe(half[0]!.receivedAt);
}, 60_000);

test('a slow image server does not hold up the listings of others for long', async () => {
  answers.set('/silent.jpg', () => {});
  answers.set('/good.jpg', sendGood);
  const ingest = await start(newPrefix(), { IMAGE_RETRY_DELAYS_MS: '600000', FETCH_PER_HOST: '2', BATCH_MAX_SIZE: '16' });
  const slow = Array.from({ length: 100 }, (_, at) => listing(`slow-${at}`, webUri('/silent.jpg')));
  const started = performance.now();
  await ingest.produce(...slow, listing('last', `file://${root}/good.jpg`));
  await vi.waitFor(async () => expect(Object.keys(await ingest.passes())).toHaveLength(101), { timeout: 20_000, interval: 100 });
  // One after the other, 100 images at 400 ms each and 2 at a time would take 20 seconds.
  expect(performance.now() - started).toBeLessThan(8000);
}, 60_000);

test('a planned retry outlives the process that planned it', async () => {
  const prefix = newPrefix();
  const first = await start(prefix, { IMAGE_RETRY_DELAYS_MS: '1500' });
  await first.produce(listing('p', webUri('/later.jpg')));
  await vi.waitFor(async () => expect(await first.passes()).toEqual({ p: ['0 PENDING IMAGE_NOT_FOUND'] }), 20_000);
  expect(await first.context.retryQueue.pending()).toBe(1);
  await first.stop();
  running.splice(0);
  answers.set('/later.jpg', sendGood);
  const second = await start(prefix);
  await vi.waitFor(async () => expect(await second.passes()).toEqual({ p: ['0 PENDING IMAGE_NOT_FOUND', '1 USED'] }), 20_000);
}, 60_000);
