import { connect } from 'node:net';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createLog } from '@labelstream/shared/observability/log';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { processIdentity } from '../src/adapters/process.js';
import { engineStatus, startEngine, stopEngine } from '../src/engine.js';
import { createTestFolder, removeTestFolder } from '../src/testing.js';
import type { EngineHandle } from '../src/types.js';

let dataDir: string;
let engine: EngineHandle;

const start = () => startEngine({ engine: 'native', dataDir, ports: 'random', memory: { kafkaHeapMb: 256, cacheMaxMb: 64 } });
/** Those of the pids that still run; one that has ended but was not yet reaped does not. */
const running = async (pids: number[]) =>
  (await Promise.all(pids.map(async (pid) => ((await processIdentity(pid)) === null ? [] : [pid])))).flat();

/** Sends one inline command to a Redis and returns its answer. */
function redis(url: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`${command}\r\n`));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().trim());
    });
    socket.once('error', reject);
  });
}

async function withBroker<T>(use: (broker: ReturnType<typeof createKafkaBroker>) => Promise<T>): Promise<T> {
  const broker = createKafkaBroker({
    brokers: engine.brokers,
    clientId: 'engine-test',
    log: createLog({ name: 'engine-test', level: 'silent' }),
  });
  try {
    return await use(broker);
  } finally {
    await broker.close();
  }
}

const createTopic = (topic: string) =>
  withBroker((broker) => broker.ensureTopics([{ topic, spec: { name: topic, laned: false, cleanup: 'compact' } }], { partitions: 3 }));
const partitionsOf = (topic: string) => withBroker(async (broker) => (await broker.describe([topic])).length);

async function killAll(pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await vi.waitFor(async () => expect(await running(pids)).toEqual([]), { timeout: 10_000 });
}

beforeAll(async () => {
  dataDir = await createTestFolder();
  engine = await start();
});
afterAll(() => removeTestFolder(dataDir));

describe('the native engine', () => {
  it('runs Kafka and two Redis that answer, on ports of its own', async () => {
    expect(engine).toMatchObject({ kind: 'native', started: true });
    expect(Object.keys(engine.pids).toSorted()).toEqual(['kafka', 'redis-cache', 'redis-state']);
    expect(new Set(Object.values(engine.ports)).size).toBe(4);
    expect(await redis(engine.redisState, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    expect(await redis(engine.redisState, 'CONFIG GET appendonly')).toContain('yes');
    expect(await redis(engine.redisCache, 'CONFIG GET maxmemory-policy')).toContain('allkeys-lru');
    expect(await redis(engine.redisCache, 'CONFIG GET maxmemory')).toContain(String(64 * 1024 * 1024));
    expect(await partitionsOf('never-created')).toBe(0);
  });

  it('is started once, however often and from wherever it is asked for', async () => {
    const again = await Promise.all([start(), start(), startEngine({ dataDir })]);
    for (const handle of again) expect(handle).toEqual({ ...engine, started: false });
    expect(await engineStatus(dataDir)).toMatchObject({ running: true, kind: 'native', brokers: engine.brokers });
  });

  it('refuses to start with Docker while native processes run', async () => {
    await expect(startEngine({ engine: 'docker', dataDir })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('starts again after a kill -9 of everything, at the same addresses and with its data', async () => {
    await createTopic('kept');
    await redis(engine.redisState, 'SET kept yes');
    await redis(engine.redisCache, 'SET kept yes');
    await killAll(Object.values(engine.pids));
    expect(await engineStatus(dataDir)).toMatchObject({ running: false });

    const next = await start();
    expect(next).toMatchObject({ started: true, ports: engine.ports });
    expect(Object.values(next.pids).filter((pid) => Object.values(engine.pids).includes(pid))).toEqual([]);
    engine = next;
    expect(await partitionsOf('kept')).toBe(3);
    expect(await redis(engine.redisState, 'GET kept')).toContain('yes');
    expect(await redis(engine.redisCache, 'GET kept')).toBe('$-1');
  });

  it('starts only what is dead', async () => {
    const { 'redis-cache': dead, ...others } = engine.pids;
    await killAll([dead!]);
    const next = await start();
    expect(next.pids).toMatchObject(others);
    expect(next.pids['redis-cache']).not.toBe(dead);
    engine = next;
  });

  it('leaves no process behind when it is stopped, and finds its data and ports afterwards', async () => {
    await stopEngine(dataDir);
    expect(await running(Object.values(engine.pids))).toEqual([]);
    expect(await engineStatus(dataDir)).toMatchObject({
      running: false,
      parts: expect.arrayContaining([expect.objectContaining({ alive: false })]),
    });
    await stopEngine(dataDir);

    const next = await start();
    expect(next.ports).toEqual(engine.ports);
    engine = next;
    expect(await partitionsOf('kept')).toBe(3);
    expect(await redis(engine.redisState, 'GET kept')).toContain('yes');
  });
});
