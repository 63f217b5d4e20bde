import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { commonSettings, readConfig } from '../../src/config.js';
import type { Service, ServiceContext } from '../../src/service/service.js';
import { type ProcessStatus, startServices } from '../../src/service/start-service.js';
import { emit } from '../../src/stream/outcome.js';
import { freePort } from '../servers/child-server.js';
import { quiet, until } from '../stream/harness.js';

const PATIENCE_MS = 30_000;

/** Passes records from `listings.prepared` to `listings.encoded`, and leaves a mark in both stores. */
function passingService(onOpen: (context: ServiceContext) => void): Service {
  return {
    name: 'encoder',
    async create(context) {
      onOpen(context);
      return {
        stage: {
          name: 'encoder',
          input: 'prepared',
          delivery: 'at-least-once',
          async process(batch) {
            const entries = batch.map(({ key }) => ({ key: `${context.topicPrefix}${key}`, value: new Uint8Array([1]) }));
            await context.cache.setMany(entries);
            await context.state.setMany(entries);
            return batch.map(({ key, value }) => emit([{ topic: context.topics.of('encoded'), key: key ?? '', value }]));
          },
        },
        close: async () => {},
      };
    },
  };
}

it('starts a process over real Kafka and Redis, shows how it is, and leaves nothing behind when it stops', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'labelstream-start-'));
  const readyFile = join(folder, 'ready.json');
  const topicPrefix = `start-${process.pid}.`;
  const env = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_STATE_URL: inject('redisState'),
    REDIS_CACHE_URL: inject('redisCache'),
    TOPIC_PREFIX: topicPrefix,
    TOPIC_PARTITIONS: '2',
    READY_FILE: readyFile,
  };
  const settings = readConfig(commonSettings, env);
  let opened: ServiceContext | null = null;
  const service = passingService((context) => {
    opened = context;
  });
  const running = await startServices([service], { name: 'encoder', settings, env, log: quiet, signal: new AbortController().signal });
  const context = opened as ServiceContext | null;
  if (context === null) throw new Error('the service was not created');
  const get = (path: string) => fetch(`http://127.0.0.1:${running.port}${path}`);

  expect(JSON.parse(await readFile(readyFile, 'utf8'))).toEqual({ name: 'encoder', pid: process.pid, port: running.port });
  expect([(await get('/healthz')).status, (await get('/readyz')).status]).toEqual([200, 200]);

  const producer = await context.broker.producer();
  await producer.send([{ topic: context.topics.of('prepared'), key: 'p', value: new Uint8Array([7]) }]);
  await producer.close();
  const status = async () => (await (await get('/status')).json()) as ProcessStatus;
  await until(async () => (await status()).stages[0]?.outcomes.emit === 1, PATIENCE_MS);
  expect(await status()).toMatchObject({
    name: 'encoder',
    pid: process.pid,
    ready: true,
    healthy: true,
    stages: [{ stage: 'encoder', outages: [], outcomes: { emit: 1, drop: 0, deadLetter: 0, defer: 0 }, partitions: 4 }],
  });
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toContain('labelstream_messages_total{stage="encoder",lane="live",outcome="emit"} 1');
  expect(metrics).toContain('process_resident_memory_bytes');
  expect(await context.state.existMany([`${topicPrefix}p`])).toEqual([true]);
  expect(await context.cache.existMany([`${topicPrefix}p`])).toEqual([true]);
  await context.state.deleteMany([`${topicPrefix}p`]);

  await running.stop();
  expect(existsSync(readyFile)).toBe(false);
  await expect(get('/healthz')).rejects.toThrow();
  await rm(folder, { recursive: true });
});

it('answers while it waits for its dependencies: alive but not ready; and ends when it is told to', async () => {
  const stop = new AbortController();
  const port = await freePort();
  const env = { KAFKA_BROKERS: '127.0.0.1:1', HTTP_PORT: String(port) };
  const settings = readConfig(commonSettings, env);
  const ended = startServices([], { name: 'encoder', settings, env, log: quiet, signal: stop.signal }).catch((error: unknown) => error);
  const codeOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`).catch(() => null))?.status;
  await until(async () => (await codeOf('/healthz')) === 200, PATIENCE_MS);
  expect(await codeOf('/readyz')).toBe(503);
  stop.abort();
  expect(await ended).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  expect(await codeOf('/healthz')).toBeUndefined();
});
