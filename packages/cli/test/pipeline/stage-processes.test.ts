import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servicesStatus, stopServices } from '@labelstream/local/services';
import type { StageName } from '@labelstream/shared/stream/stage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineSettings, failure, isRunning, stageProcesses, startStages, stopStages } from '../../src/pipeline/stage-processes.js';

/** Stands for `services/<stage>/dist/main.js`: answers as a service does, or does what MODE says. */
const SERVICE = `
import { createServer } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
const { MODE, READY_FILE, STAGE, LAG } = process.env;
if (MODE === 'fails') {
  console.log(JSON.stringify({ level: 'fatal', msg: 'cannot go on', err: { message: 'no such bundle' } }));
  process.exit(2);
}
const stage = process.argv[1].split('/').at(-3);
const status = { stages: [{ stage, ready: true, healthy: true, outages: [], outcomes: { emit: 5, drop: 1, deadLetter: 0, defer: 0 }, lag: { live: 3, backfill: 0 } }] };
const server = createServer((request, response) => {
  if (request.url === '/status') response.end(JSON.stringify(status));
  else if (request.url === '/metrics') response.end('labelstream_drops_total{stage="' + stage + '",reason="UNCHANGED"} 1\\n');
  else response.end('{"ready":true}');
});
server.listen(0, '127.0.0.1', () => {
  mkdirSync(dirname(READY_FILE), { recursive: true });
  writeFileSync(READY_FILE, JSON.stringify({ name: stage, pid: process.pid, port: server.address().port }));
});
process.on('SIGTERM', () => process.exit(0));
`;

let folder = '';
let dataDir = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-stages-'));
  dataDir = join(folder, 'data');
  for (const stage of ['ingest', 'sink']) {
    await mkdir(join(folder, 'services', stage, 'dist'), { recursive: true });
    await writeFile(join(folder, 'services', stage, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'services', stage, 'dist', 'main.js'), SERVICE);
  }
});

afterEach(async () => {
  await stopServices(dataDir);
  await rm(folder, { recursive: true, force: true });
});

const start = (settings: Record<string, string> = {}, topicPrefix = '') =>
  startStages({
    repositoryRoot: folder,
    dataDir,
    stages: ['ingest', 'sink'] satisfies StageName[],
    topicPrefix,
    settings,
    log: () => {},
    signal: new AbortController().signal,
  });

test('services are up when they say so, and report themselves', async () => {
  const started = await start();
  expect(started.map(({ service }) => service)).toEqual(['ingest', 'sink']);
  expect(started[1]?.report).toEqual({
    name: 'sink',
    pid: expect.any(Number),
    health: 'ready',
    lag: 3,
    outcomes: { emit: 5, drop: 1, deadLetter: 0, defer: 0 },
    drops: { UNCHANGED: 1 },
  });
  expect(started[1]?.port).toBeGreaterThan(0);
});

test('starting again leaves what runs alone', async () => {
  const first = await start();
  expect((await start()).map(({ report }) => report.pid)).toEqual(first.map(({ report }) => report.pid));
});

test('another deployment runs beside the first and is ended alone', async () => {
  await start();
  const demo = await start({}, 'demo-1.');
  const names = demo.map(({ service }) => service);
  expect(names).toEqual(['demo-1-ingest', 'demo-1-sink']);
  expect(await stageProcesses(dataDir)).toHaveLength(4);
  await stopStages(dataDir, names, () => {});
  expect((await stageProcesses(dataDir)).map(({ service, report }) => [service, report.health])).toEqual([
    ['ingest', 'ready'],
    ['sink', 'ready'],
  ]);
  expect(await readdir(join(dataDir, 'ready'))).toEqual(['ingest.json', 'sink.json']);
});

test('a service that was killed is down, whatever it had said before', async () => {
  const [ingest] = await start();
  process.kill(ingest!.report.pid, 'SIGKILL');
  await expect.poll(() => isRunning(dataDir, 'ingest', ingest!.report.pid)).toBe(false);
  expect((await stageProcesses(dataDir)).map(({ report }) => report.health)).toEqual(['down', 'ready']);
  expect((await start()).map(({ report }) => report.health)).toEqual(['ready', 'ready']);
});

test('a service that ends while starting is told with its last words, and none is left', async () => {
  await expect(start({ MODE: 'fails' })).rejects.toThrow(
    /ended while starting; see .*\.log\. Its log ends with:\n {2}fatal: cannot go on: no such bundle$/,
  );
  expect(await servicesStatus(dataDir)).toEqual([]);
});

test('waiting ends when the command is stopped, and none is left', async () => {
  await writeFile(join(folder, 'services', 'sink', 'dist', 'main.js'), 'setInterval(() => {}, 1000);');
  const stop = new AbortController();
  const starting = startStages({
    repositoryRoot: folder,
    dataDir,
    stages: ['sink'],
    topicPrefix: '',
    settings: {},
    log: () => {},
    signal: stop.signal,
  });
  setTimeout(() => stop.abort('SIGINT'), 300);
  await expect(starting).rejects.toBe('SIGINT');
  expect(await servicesStatus(dataDir)).toEqual([]);
});

test('a failure without a log says that too', async () => {
  expect((await failure('It ended', join(folder, 'none.log'))).message).toContain('the log is empty');
});

test('services find an engine by its addresses', () => {
  expect(engineSettings({ brokers: ['a:1', 'b:2'], redisState: 'redis://a:3', redisCache: 'redis://a:4' })).toEqual({
    KAFKA_BROKERS: 'a:1,b:2',
    REDIS_STATE_URL: 'redis://a:3',
    REDIS_CACHE_URL: 'redis://a:4',
  });
});
