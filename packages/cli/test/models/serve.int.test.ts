import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fusionService } from '@labelstream/fusion/index';
import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { cacheKeys } from '@labelstream/shared/events/keys';
import type { EncodedListing } from '@labelstream/shared/events/records';
import { createEncoderModel } from '@labelstream/shared/model/encoder-model';
import { isInCanary } from '@labelstream/shared/model/serving/side';
import { startServices } from '@labelstream/shared/service/start-service';
import { sinkService } from '@labelstream/sink/index';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { listingFields, sha256 } from '../../../shared/test/fixtures/listings.js';
import { readCliConfig } from '../../src/config.js';
import { type Connection, connect } from '../../src/connect.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';
import { HEADS_FOLDER } from '../heads.js';

const PRODUCTS = Array.from({ length: 40 }, (_, at) => `p${at}`);
const PICTURES = ['a', 'bb', 'ccc'];
const TEXTS = [
  [1, 4, 9, 2],
  [1, 5, 11, 7, 2],
];
const CANARY_PERCENT = 30;
const log = pino({ level: 'silent' });
const head = (name: string) => join(HEADS_FOLDER, name);

let folder: string;
let env: Record<string, string>;
let connection: Connection;
const opened: { stop(): Promise<void> }[] = [];

/** Two instances of fusion and a sink, over the real Kafka and Redis. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-serve-'));
  env = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_CACHE_URL: inject('redisCache'),
    REDIS_STATE_URL: inject('redisState'),
    TOPIC_PREFIX: `serve-${process.pid}.`,
    TOPIC_PARTITIONS: '4',
    ENCODER_BUNDLE: head('encoder'),
    FUSION_BUNDLE: head('cma-clip'),
    BATCH_MAX_AGE_MS: '1',
    LOG_LEVEL: 'silent',
    LABELSTREAM_DATA_DIR: folder,
  };
  connection = await connect(env);
  await connection.ensureTopics();
  await storeSequences();
  for (const service of [fusionService, fusionService, sinkService]) {
    const settings = readConfig(commonSettings, env);
    opened.push(await startServices([service], { name: service.name, settings, env, log, signal: new AbortController().signal }));
  }
}, 300_000);
afterAll(async () => {
  for (const process of opened.reverse()) await process.stop();
  await connection.close();
  await rm(folder, { recursive: true });
}, 120_000);

let encoderId = '';

/** What the encoder would have left in the cache. */
async function storeSequences(): Promise<void> {
  const bundle = await loadBundle(head('encoder'), 'encoder');
  encoderId = bundle.id;
  const { width, height } = bundle.manifest.preprocess;
  const settings = { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' } as const;
  const { inference, model } = await openBundles([bundle], settings, async (opening) =>
    createEncoderModel(bundle, { inference: opening, maxRunSize: 4 }),
  );
  const images = await model.encodeImages(PICTURES.map((name) => new Uint8Array(width * height * 3).fill(name.length * 60)));
  const texts = await model.encodeTexts(TEXTS);
  await inference.close();
  const cache = await createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log });
  await cache.setMany([
    ...images.map((value, at) => ({ key: cacheKeys.imageTokens(encoderId, sha256(PICTURES[at]!)), value, ttlMs: 3_600_000 })),
    ...texts.map((value, at) => ({ key: cacheKeys.textTokens(encoderId, sha256(TEXTS[at]!.join(' '))), value, ttlMs: 3_600_000 })),
  ]);
  await cache.close();
}

/** Sends a new version of every product again and again; returns what ends it, with the last version. */
async function startStream(): Promise<() => Promise<number>> {
  const { broker, codecs, topics } = connection;
  const producer = await broker.producer();
  let version = 0;
  let ended = false;
  const encoded = (productId: string, at: number): EncodedListing => ({
    ...listingFields(productId, { picture: PICTURES[at % PICTURES.length]!, ids: TEXTS[at % TEXTS.length]! }),
    encoderId,
    version,
  });
  const run = async () => {
    while (!ended) {
      version += 1;
      const values = PRODUCTS.map((productId, at) => codecs.encoded.encode(encoded(productId, at + version)));
      await producer.send(values.map((value, at) => ({ topic: topics.of('encoded'), key: PRODUCTS[at]!, value, headers: {} })));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  const running = run();
  return async () => {
    ended = true;
    await running;
    await producer.close();
    return version;
  };
}

interface Published {
  readonly version: number;
  readonly generation: number;
  readonly fusion: string;
}

/** Everything that was published, by product, in its order. */
async function published(): Promise<Map<string, Published[]>> {
  const all = new Map<string, Published[]>();
  for await (const { key, value } of connection.broker.read({ topic: connection.topics.of('labels') })) {
    const { version, model } = await connection.codecs.labels.decode(value!);
    const before = all.get(key!) ?? [];
    all.set(key!, [...before, { version, generation: model.generation, fusion: model.fusion }]);
  }
  return all;
}

async function models(...argv: string[]) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const signal = new AbortController().signal;
  const code = await runCli(['models', ...argv, '--json'], { config: readCliConfig(env), stdout, stderr, signal });
  return { code, answer: stdout.text() === '' ? null : JSON.parse(stdout.text()), stderr: stderr.text() };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A whole bundle by its hashes, whose head does not compute what it says. */
async function brokenBundle(): Promise<string> {
  const broken = join(folder, 'broken');
  await cp(head('mmbt'), broken, { recursive: true });
  const manifest = JSON.parse(await readFile(join(broken, 'manifest.json'), 'utf8'));
  manifest.golden.absoluteTolerance = 1e-12;
  await writeFile(join(broken, 'manifest.json'), JSON.stringify(manifest));
  return broken;
}

test('in the middle of a stream over two instances: promote, a broken bundle, shadow, canary and rollback, without a gap or a step back', async () => {
  const endStream = await startStream();
  await vi.waitFor(async () => expect((await published()).size).toBe(PRODUCTS.length), { timeout: 60_000, interval: 500 });
  expect((await models('status')).answer).toMatchObject({ document: null, instances: [{ applied: 0 }, { applied: 0 }] });

  const wait = ['--wait', '--timeout', '120'];
  const promoted = await models('promote', head('mmbt'), ...wait);
  expect(promoted).toMatchObject({ code: 0, answer: { state: 'served', instances: 2, serving: { active: { generation: 7 } } } });
  await pause(500);

  const refused = await models('promote', await brokenBundle(), ...wait);
  expect(refused).toMatchObject({ code: 1, answer: { state: 'rejected', serving: { active: { generation: 7 } } } });
  // Of the instance that was first to find out, or of both.
  const reasons = refused.answer.reasons.map(({ what }: { what: string }) => what);
  expect(reasons.length).toBeGreaterThan(0);
  for (const reason of reasons) expect(reason).toMatch(/golden case/);

  expect(await models('shadow', head('clip-mlp'), ...wait)).toMatchObject({ code: 0, answer: { state: 'served' } });
  const report = await vi.waitFor(
    async () => {
      const { answer } = await models('shadow', '--report');
      expect(answer).toMatchObject({ instances: 2 });
      expect(answer.listings).toBeGreaterThan(50);
      return answer;
    },
    { timeout: 60_000, interval: 500 },
  );
  expect(report).toMatchObject({ shadow: expect.stringMatching(/^tiny-/), failed: 0 });
  for (const task of report.tasks) {
    expect(task).toMatchObject({ coverage: { active: 1, shadow: 1 } });
    expect(task.agreement).toBeLessThanOrEqual(1);
    expect(task.confidenceDrift).toBeGreaterThanOrEqual(0);
  }

  const canary = await models('canary', head('coca-pooling'), '--percent', String(CANARY_PERCENT), ...wait);
  expect(canary).toMatchObject({ code: 0, answer: { state: 'served', serving: { canary: { percent: CANARY_PERCENT } } } });
  await pause(1500);
  expect(await models('canary', '--stop', ...wait)).toMatchObject({ code: 0, answer: { state: 'served' } });
  await pause(500);
  const back = await models('rollback', ...wait);
  expect(back.answer).toMatchObject({ state: 'served', serving: { active: { bundle: head('cma-clip') } } });
  await pause(500);

  const last = await endStream();
  const labels = await vi.waitFor(
    async () => {
      const all = await published();
      expect([...all.values()].every((records) => records.at(-1)?.version === last)).toBe(true);
      return all;
    },
    { timeout: 120_000, interval: 1000 },
  );
  const versions = Array.from({ length: last }, (_, at) => at + 1);
  const canaryGeneration: number = canary.answer.serving.canary.generation;
  const labelledByCanary = new Set<string>();
  for (const [product, records] of labels) {
    expect(records.map(({ version }) => version)).toEqual(versions);
    const generations = records.map(({ generation }) => generation);
    expect(generations).toEqual(generations.toSorted((a, b) => a - b));
    expect([generations[0], generations.at(-1)]).toEqual([1, back.answer.serving.active.generation]);
    expect(generations).toContain(7);
    if (generations.includes(canaryGeneration)) labelledByCanary.add(product);
  }
  expect([...labelledByCanary].sort()).toEqual(PRODUCTS.filter((product) => isInCanary(product, CANARY_PERCENT)).sort());
  const heads = new Map([...labels.values()].flat().map(({ generation, fusion }) => [generation, fusion]));
  expect(new Set([...labels.values()].flat().map(({ generation, fusion }) => `${generation} ${fusion}`)).size).toBe(heads.size);
}, 600_000);
