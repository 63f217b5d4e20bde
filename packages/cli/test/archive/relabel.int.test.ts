import { openRelabelKind } from '@labelstream/backfill/relabel/open';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { contentsOf } from '@labelstream/shared/archive/records';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { topicNames } from '@labelstream/shared/events/topics';
import { startServices } from '@labelstream/shared/service/start-service';
import type { StageName } from '@labelstream/shared/stream/stage';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { createContext, planOf } from '../../../backfill/test/relabel/harness.js';
import { CREDENTIALS, type S3Server, startS3Server } from '../../../shared/test/adapters/s3/s3-server.js';
import { withArchive } from '../../src/archive/open.js';
import { runCompact } from '../../src/archive/run.js';
import { createOutput } from '../../src/output.js';
import { loadServices } from '../../src/services.js';
import { fakeStream } from '../fake-terminal.js';
import { expectServed, headSettings, servedEvents } from '../heads.js';

const WAIT = { timeout: 240_000, interval: 200 };
/** They differ on every listing: labels that stay as they are would not be published again. */
const [FIRST, NEXT] = ['clip-mlp', 'clip-transformer'] as const;
const PLACE = 's3://archive/tokens';
const topicPrefix = `relabel-${process.pid}.`;
const topics = topicNames(topicPrefix);
const log = pino({ level: 'silent' });
const codecs = await createCodecs();
const broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'relabel-test', log });
const cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log });
const state = await createRedisKeyValueStore({ url: inject('redisState'), role: 'state', log });
const events = servedEvents();

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3Server();
  await s3.put('archive', 'other/object', new Uint8Array(1));
}, 300_000);
afterAll(async () => {
  await Promise.all([s3.stop(), broker.close(), cache.close(), state.close()]);
});

const env = (head: string) => ({
  ...headSettings(head),
  KAFKA_BROKERS: inject('brokers').join(','),
  REDIS_STATE_URL: inject('redisState'),
  REDIS_CACHE_URL: inject('redisCache'),
  TOPIC_PREFIX: topicPrefix,
  TOPIC_PARTITIONS: '1',
  TOKEN_ARCHIVE: PLACE,
  S3_ENDPOINT: s3.endpoint,
  S3_PATH_STYLE: 'true',
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
});

async function start(stages: readonly StageName[], head: string) {
  const settings = readConfig(commonSettings, env(head));
  const services = await loadServices(stages);
  return startServices(services, { name: 'relabel', settings, env: env(head), log, signal: new AbortController().signal });
}

async function send(topic: string, records: readonly { key: string; value: Uint8Array }[]) {
  const producer = await broker.producer();
  await producer.send(records.map((record) => ({ topic, ...record })));
  await producer.close();
}

/** The newest labels of every product, once a head of this kind has labelled all of them. */
async function labelledBy(head: string): Promise<ReadonlyMap<string, ProductLabels>> {
  const read = async () => {
    const found = new Map<string, ProductLabels>();
    for await (const { key, value } of broker.read({ topic: topics.of('labels') })) {
      if (value !== null) found.set(key ?? '', await codecs.labels.decode(value));
    }
    const missing = events.filter(({ productId }) => !found.get(productId)?.model.fusion.startsWith(`tiny-${head}@`));
    if (missing.length > 0) throw new Error(`${missing.length} products are not labelled by ${head} yet`);
    return found;
  };
  return vi.waitFor(read, WAIT);
}

async function flushTokens() {
  for await (const { value } of broker.read({ topic: topics.of('encoded') })) {
    const record = await codecs.encoded.decode(value!);
    const keys = contentsOf(record).map(({ modality, sha256 }) =>
      modality === 'image' ? cacheKeys.imageTokens(record.encoderId, sha256) : cacheKeys.textTokens(record.encoderId, sha256),
    );
    await cache.deleteMany(keys);
  }
}

test('what the encoder archived in S3 is labelled anew by another head, without ingest and encoder, as that head labels it the whole way', async () => {
  const whole = await start(['ingest', 'encoder', 'fusion', 'sink'], FIRST);
  await send(
    topics.of('events'),
    events.map((event) => ({ key: event.productId, value: codecs.productEvent.encode(event) })),
  );
  expectServed(FIRST, await labelledBy(FIRST));
  await whole.stop();
  await flushTokens();

  const out = fakeStream();
  const output = createOutput({ stdout: out, stderr: out, colours: false, now: Date.now });
  const deps = { config: { env: env(FIRST) }, output, signal: new AbortController().signal, markFailed: () => {} };
  await runCompact({ targetBytes: 1_000_000, minAgeMs: 0, json: true }, deps as unknown as Parameters<typeof runCompact>[1]);
  expect(
    JSON.parse(
      out
        .text()
        .split('\n')
        .find((line) => line.startsWith('{'))!,
    ),
  ).toMatchObject({ damaged: 0 });
  expect(await withArchive({}, { env: env(FIRST) }, async ({ encoders }) => encoders.length)).toBe(1);

  const preparedBefore = await broker.describe([topics.of('prepared'), topics.of('prepared', 'backfill')]);
  const served = await start(['fusion', 'sink'], NEXT);
  const kind = await openRelabelKind({ context: { broker, cache, codecs, state, topics, topicPrefix }, env: env(NEXT) });
  const opened = await kind.open({ archive: PLACE, untilMs: Date.now() }, new AbortController().signal);
  const { context, rowErrors, checkpoints } = createContext();
  for (const range of await planOf(opened)) await opened.run(range, context);
  await opened.close();
  expect(rowErrors).toEqual([]);
  expect(checkpoints.reduce((sum, { sent }) => sum + sent, 0)).toBe(events.length);

  expectServed(NEXT, await labelledBy(NEXT));
  expect(await broker.describe([topics.of('prepared'), topics.of('prepared', 'backfill')])).toEqual(preparedBefore);
  await served.stop();
}, 600_000);
