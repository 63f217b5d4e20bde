import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createKafkaBroker } from '../../src/adapters/kafka/broker.js';
import { topicNames } from '../../src/events/topics.js';
import type { Broker } from '../../src/ports/broker.js';
import { waitAtStart } from '../../src/service/wait-at-start.js';
import { drop } from '../../src/stream/outcome.js';
import type { Stage } from '../../src/stream/stage.js';
import { sleep } from '../../src/stream/wake-up.js';
import { startWorker, type Worker } from '../../src/stream/worker.js';
import { fastSettings, quiet, settled, until } from './harness.js';

const VALUE_BYTES = 4000;
/** 120 MB, several times what may be in memory. */
const BACKLOG = 30_000;
const BOUND = 200;
const topics = topicNames(`memory-${process.pid}.`);
let broker: Broker;

beforeAll(async () => {
  broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'memory-test', log: quiet });
  await broker.ensureTopics(
    topics.all().filter(({ topic }) => topic.startsWith(topics.of('encoded'))),
    { partitions: 2 },
  );
});
afterAll(() => broker.close());

async function produce(count: number): Promise<void> {
  const producer = await broker.producer();
  for (let sent = 0; sent < count; sent += 1000) {
    const values = Array.from({ length: Math.min(1000, count - sent) }, (_, at) => ({ key: `p${at}`, value: new Uint8Array(VALUE_BYTES) }));
    await producer.send(values.map((value) => ({ topic: topics.of('encoded'), ...value })));
  }
  await producer.close();
}

const stage: Stage = {
  name: 'fusion',
  input: 'encoded',
  delivery: 'at-least-once',
  async process(batch) {
    await sleep(20);
    return batch.map(() => drop('UNCHANGED'));
  },
};

const start = (): Promise<Worker> => {
  const settings = { ...fastSettings, maxBatchSize: 16, maxBufferedPerLane: BOUND };
  const deps = { stage, broker, topics, groupId: `memory-${process.pid}`, settings, log: quiet, metrics: new Registry() };
  return waitAtStart(quiet)(() => startWorker(deps));
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * What is held: garbage is collected first, of which fetching leaves a lot, and whenever it likes. Twice, for bytes outside of the heap are only
 * given back once what referred to them was collected.
 */
const heldBytes = async () => {
  collectGarbage();
  await new Promise((done) => setImmediate(done));
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

/** The most that is held, and that waits, while a worker works for a while. */
async function watch(worker: Worker, forMs: number): Promise<{ bytes: number; buffered: number }> {
  const most = { bytes: 0, buffered: 0 };
  const end = Date.now() + forMs;
  while (Date.now() < end) {
    most.bytes = Math.max(most.bytes, await heldBytes());
    most.buffered = Math.max(most.buffered, worker.status().buffered.live);
    await sleep(100);
  }
  return most;
}

it('a stage that is far behind uses no more memory than one that keeps up', async () => {
  const keepingUp = await start();
  await produce(200);
  await until(() => settled(keepingUp) >= 200, 60_000);
  const calm = await watch(keepingUp, 3000);
  await keepingUp.stop();
  await produce(BACKLOG);
  const behind = await start();
  await until(() => settled(behind) >= 100, 60_000);
  const busy = await watch(behind, 6000);
  await behind.stop();
  expect(settled(behind)).toBeLessThan(BACKLOG / 2);
  // One answer of a broker, 4 MiB, may come on top of the bound.
  expect(busy.buffered).toBeLessThanOrEqual(BOUND + Math.ceil((4 * 1024 * 1024) / VALUE_BYTES));
  expect(busy.buffered).toBeGreaterThan(0);
  // A few answers of the broker, of 4 MiB each, are under way or being taken apart.
  expect(busy.bytes - calm.bytes).toBeLessThan((BACKLOG * VALUE_BYTES) / 6);
}, 240_000);
