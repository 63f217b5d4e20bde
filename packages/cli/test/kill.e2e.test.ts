import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processIdentity } from '@labelstream/local/adapters/process';
import { engineStatus, startEngine } from '@labelstream/local/engine';
import { createTestFolder, removeTestFolder } from '@labelstream/local/testing';
import { createRedisKeyValueStore } from '@labelstream/shared/adapters/redis/key-value';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCliConfig } from '../src/config.js';
import type { DemoPlan, PlannedMessage } from '../src/demo/plan.js';
import { runDemo } from '../src/demo/run.js';
import { openPipeline } from '../src/pipeline/open.js';
import type { Pipeline } from '../src/pipeline/pipeline.js';
import { engineSettings, stageProcesses, startStages } from '../src/pipeline/stage-processes.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const PRODUCTS = 300;
const DELETED_EVERY = 10;
/** Slow enough that the killing happens while listings come in. */
const MESSAGES_PER_SECOND = 15;
const topicPrefix = `kill-${process.pid}.`;
const signal = new AbortController().signal;
const settings = { ENCODER_BUNDLE: fixture('encoder'), FUSION_BUNDLE: fixture('fusion'), TOPIC_PARTITIONS: '4' };

let dataDir = '';
beforeAll(async () => {
  dataDir = await createTestFolder();
});
afterAll(() => removeTestFolder(dataDir));

const event = (productId: string, version: number, over: Partial<ProductEvent> = {}): PlannedMessage => ({
  key: productId,
  version,
  payload: {
    form: 'event',
    event: {
      productId,
      version,
      op: 'UPSERT',
      title: `title ${version} of ${productId}`,
      attributes: {},
      images: [],
      occurredAt: Date.now(),
      ...over,
    },
  },
});

const isDeleted = (i: number) => i % DELETED_EVERY === 0;

/** Two versions of every product, then the deletion of every tenth. */
function plan(): DemoPlan {
  const ids = Array.from({ length: PRODUCTS }, (_, i) => `p${i}`);
  const messages = [
    ...ids.map((id) => event(id, 1)),
    ...ids.map((id) => event(id, 2)),
    ...ids.filter((_, i) => isDeleted(i)).map((id) => event(id, 3, { op: 'DELETE' })),
  ];
  return { listings: PRODUCTS, messages, truth: new Map(), messagesPerSecond: MESSAGES_PER_SECOND };
}

/** kill -9, and the certainty that it is gone. */
async function kill(pid: number): Promise<void> {
  const identity = await processIdentity(pid);
  process.kill(pid, 'SIGKILL');
  while (identity !== null && (await processIdentity(pid)) === identity) await sleep(20);
}

async function restartServices(): Promise<void> {
  const options = { repositoryRoot: readCliConfig().repositoryRoot, dataDir, stages: STAGE_NAMES, topicPrefix, log: () => {}, signal };
  await startStages({ ...options, settings: { ...settings, ...engineSettings(await engineStatus(dataDir)) } });
}

/** kill -9 of every service, one after the other, each started again at once; then the cache is emptied, and Kafka is killed as well. */
async function breakThings(): Promise<void> {
  for (const { report } of await stageProcesses(dataDir)) {
    await sleep(1000);
    await kill(report.pid);
    await restartServices();
  }
  const { redisCache, parts } = await engineStatus(dataDir);
  const cache = new Redis(redisCache);
  await cache.flushall();
  cache.disconnect();
  await kill(parts.find(({ part }) => part === 'kafka')?.pid ?? 0);
  await startEngine({ engine: 'native', dataDir });
}

/** Every committed record of the label topic per product, in order: the version, or the word for a tombstone. */
async function published({ broker, codecs, topics }: Pipeline): Promise<Map<string, (number | 'deleted')[]>> {
  const byProduct = new Map<string, (number | 'deleted')[]>();
  for await (const { key, value } of broker.read({ topic: topics.of('labels') })) {
    const said = value === null ? 'deleted' : (await codecs.labels.decode(value)).version;
    byProduct.set(key ?? '', [...(byProduct.get(key ?? '') ?? []), said]);
  }
  return byProduct;
}

test('nothing is lost, said twice or out of order when every service, the cache and Kafka are killed in the middle', async () => {
  const config = { ...readCliConfig(), dataDir };
  const pipeline = await openPipeline({ engine: 'native', topicPrefix, partitions: 4, settings, log: () => {}, signal, config });
  try {
    const unfailing: Pipeline = { ...pipeline, failed: new Promise(() => {}) };
    const running = runDemo(unfailing, plan(), { lane: 'live', signal, stallMs: 90_000, onProgress: () => {} });
    const [{ account }] = await Promise.all([running, breakThings()]);

    const byProduct = await published(pipeline);
    for (let i = 0; i < PRODUCTS; i++) {
      const said = byProduct.get(`p${i}`) ?? [];
      const last = isDeleted(i) ? 'deleted' : 2;
      const order = said.map((each) => (each === 'deleted' ? 3 : each));
      expect({ product: i, last: said.at(-1), rising: order.every((each, at) => at === 0 || each > (order[at - 1] ?? 0)) }).toEqual({
        product: i,
        last,
        rising: true,
      });
    }
    expect(account.deadLetters()).toEqual([]);
  } finally {
    await pipeline.stop();
  }
});

test('the state that the sink left agrees with the label topic', async () => {
  const engine = await startEngine({ engine: 'native', dataDir });
  const state = await createRedisKeyValueStore({
    url: engine.redisState,
    role: 'state',
    log: (await import('pino')).pino({ level: 'silent' }),
  });
  try {
    const keys = Array.from({ length: PRODUCTS }, (_, i) => stateKeys.published(topicPrefix, `p${i}`));
    const states = (await state.getMany(keys)).map((bytes) => JSON.parse(Buffer.from(bytes ?? '{}').toString()).state);
    states.forEach((each, i) => {
      expect([each?.rank.version, each?.deleted]).toEqual(isDeleted(i) ? [3, true] : [2, false]);
    });
  } finally {
    await state.close();
  }
});
