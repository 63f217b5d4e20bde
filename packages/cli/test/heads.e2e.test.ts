import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startTestEngine, type TestEngine } from '@labelstream/local/testing';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Connection, connect } from '../src/connect.js';
import { engineSettings } from '../src/pipeline/stage-processes.js';
import { expectServed, HEAD_KINDS, headSettings, servedEvents } from './heads.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const LABELS_TIMEOUT_MS = 120_000;

let engine: TestEngine;
let pipeline: { readonly child: ChildProcess; readonly connection: Connection } | undefined;

beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(() => engine?.stop());
afterEach(async () => {
  await pipeline?.connection.close();
  if (pipeline?.child.exitCode === null) {
    pipeline.child.kill('SIGTERM');
    await once(pipeline.child, 'close');
  }
  pipeline = undefined;
});

/** All four services in one process of their own, over topics and keys of their own. */
async function open(kind: string): Promise<Connection> {
  const settings = { ...headSettings(kind), ...engineSettings(engine), TOPIC_PREFIX: `heads-${kind}.`, TOPIC_PARTITIONS: '1' };
  const connection = await connect(settings);
  await connection.ensureTopics();
  const env = { ...process.env, ...settings, LOG_LEVEL: 'error' };
  const child = spawn(process.execPath, [main, 'run', 'all'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  pipeline = { child, connection };
  return connection;
}

/** The first labels of so many products. */
async function published({ broker, codecs, topics }: Connection, products: number): Promise<ReadonlyMap<string, ProductLabels>> {
  const found = new Map<string, ProductLabels>();
  const signal = AbortSignal.timeout(LABELS_TIMEOUT_MS);
  for await (const { key, value } of broker.read({ topic: topics.of('labels'), follow: true, signal })) {
    if (value !== null) found.set(key ?? '', await codecs.labels.decode(value));
    if (found.size === products) break;
  }
  return found;
}

test.each(HEAD_KINDS)('%s labels through Kafka and Redis what it labels in PyTorch', async (kind) => {
  const connection = await open(kind);
  const { broker, codecs, topics } = connection;
  const events = servedEvents();
  const producer = await broker.producer();
  await producer.send(
    events.map((event) => ({ topic: topics.of('events'), key: event.productId, value: codecs.productEvent.encode(event) })),
  );
  const labels = await published(connection, events.length);
  expectServed(kind, labels);
  expect([...labels.values()].map(({ model }) => model.fusion)).toEqual(
    events.map(() => expect.stringMatching(new RegExp(`^tiny-${kind}@[0-9a-f]{12}$`))),
  );
});
