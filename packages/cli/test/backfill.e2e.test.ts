import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BackfillStore } from '@labelstream/backfill/job/store';
import { openBackfillStore } from '@labelstream/backfill/open';
import { processIdentity } from '@labelstream/local/adapters/process';
import { engineStatus, startEngine } from '@labelstream/local/engine';
import { createTestFolder, removeTestFolder } from '@labelstream/local/testing';
import type { EnginePart } from '@labelstream/local/types';
import { drawListings } from '@labelstream/samples/listing';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCliConfig } from '../src/config.js';
import { connect } from '../src/connect.js';
import { backfillProcesses, startBackfillProcesses } from '../src/pipeline/backfill-process.js';
import { engineSettings } from '../src/pipeline/stage-processes.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const bundles = { ENCODER_BUNDLE: fixture('encoder'), FUSION_BUNDLE: fixture('fusion') };
/** Listings in files of a few rows; a file is a range, so that there is a middle to be killed in. */
interface Catalogue {
  readonly prefix: string;
  readonly files: number;
  readonly rowsPerFile: number;
  /** A row without an id, and one whose version is none. */
  readonly badRows: readonly [number, number];
}
const FIRST: Catalogue = { prefix: 'p', files: 16, rowsPerFile: 20, badRows: [60, 300] };
const SECOND: Catalogue = { prefix: 'q', files: 10, rowsPerFile: 20, badRows: [1, 199] };
/** Rows per second: the killing has to happen before all is sent. */
const RATE = '25';
const rowsOf = ({ files, rowsPerFile }: Catalogue) => files * rowsPerFile;

let dataDir = '';
let catalogues: { first: string[]; second: string[] };
let store: BackfillStore;
beforeAll(async () => {
  dataDir = await createTestFolder();
  catalogues = { first: await writeCatalogue(FIRST), second: await writeCatalogue(SECOND) };
  const up = await run('up', '--engine', 'native', '--json');
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const env = engineSettings(await engineStatus(dataDir));
  store = await openBackfillStore(readConfig(commonSettings, env), pino({ level: 'silent' }));
}, 600_000);
afterAll(async () => {
  await store?.close();
  await removeTestFolder(dataDir);
});

async function writeCatalogue(catalogue: Catalogue): Promise<string[]> {
  const { prefix, files, rowsPerFile } = catalogue;
  const [withoutId, withoutVersion] = catalogue.badRows;
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const listings = drawListings({ seed: 7, count: rowsOf(catalogue) });
  const rows = listings.map(({ title }, i) => `${prefix}${i},${quoted(title ?? `listing ${i}`)},1`);
  rows[withoutId] = ',"nobody",1';
  rows[withoutVersion] = `${prefix}${withoutVersion},"no version",many`;
  const paths = Array.from({ length: files }, (_, i) => join(dataDir, `catalogue-${prefix}-${String(i).padStart(2, '0')}.csv`));
  for (const [i, path] of paths.entries()) {
    await writeFile(path, `sku,name,version\n${rows.slice(i * rowsPerFile, (i + 1) * rowsPerFile).join('\n')}\n`);
  }
  return paths;
}

async function run(...args: string[]) {
  const env = { ...process.env, ...bundles, LABELSTREAM_DATA_DIR: dataDir, KAFKA_BROKERS: '', TOPIC_PREFIX: '', LOG_LEVEL: '' };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr, last: () => JSON.parse(stdout.trim().split('\n').at(-1) ?? '') };
}

const startOf = (files: readonly string[], ...more: string[]) =>
  run('backfill', 'start', '--source', ...files, '--map', 'id=sku', 'title=name', ...more);
const start = (...more: string[]) => startOf(catalogues.first, ...more);

/** kill -9, and the certainty that it is gone. */
async function kill(pid: number): Promise<number> {
  const identity = await processIdentity(pid);
  process.kill(pid, 'SIGKILL');
  while (identity !== null && (await processIdentity(pid)) === identity) await sleep(20);
  return pid;
}

async function workerPid(): Promise<number> {
  const worker = (await backfillProcesses(dataDir)).find(({ name }) => name === 'backfill');
  return worker?.pid ?? 0;
}

/** As `up` does it, without the time that a command takes to start and to end: the rows do not wait for it. */
async function restartWorker(): Promise<void> {
  const { repositoryRoot } = readCliConfig();
  const settings = { ...bundles, ...engineSettings(await engineStatus(dataDir)) };
  const signal = new AbortController().signal;
  await startBackfillProcesses({ repositoryRoot, dataDir, topicPrefix: '', settings, log: () => {}, signal });
}

async function partPid(part: EnginePart): Promise<number> {
  const { parts } = await engineStatus(dataDir);
  return parts.find((each) => each.part === part)?.pid ?? 0;
}

/** Waits until more rows than `before` were read and says how many; they must not be all. */
async function progress(name: string, before: number, all: number): Promise<number> {
  const rowsRead = async () => (await store.get(name).catch(() => null))?.counts.rowsRead ?? 0;
  await expect.poll(rowsRead, { timeout: 120_000, interval: 50 }).toBeGreaterThan(before);
  const now = await rowsRead();
  expect(now).toBeLessThan(all);
  return now;
}

/** How often each product of a catalogue stands in the label topic. */
async function labelled({ prefix }: Catalogue): Promise<Map<string, number>> {
  const connection = await connect({ ...engineSettings(await engineStatus(dataDir)) });
  const counts = new Map<string, number>();
  try {
    for await (const { key } of connection.broker.read({ topic: connection.topics.of('labels') }))
      if (key?.startsWith(prefix)) counts.set(key, (counts.get(key) ?? 0) + 1);
  } finally {
    await connection.close();
  }
  return counts;
}

/** Every row that can be sent was counted once, and its product labelled once. */
async function expectAllOnce(catalogue: Catalogue, { last, code }: Awaited<ReturnType<typeof run>>): Promise<void> {
  const rows = rowsOf(catalogue);
  expect(last()).toMatchObject({ state: 'done', rowsRead: rows, rowsSent: rows - 2, rowErrors: 2, rowsPassedOver: 0, share: 1 });
  expect(code).toBe(3);
  await expect.poll(async () => (await labelled(catalogue)).size, { timeout: 120_000, interval: 500 }).toBe(rows - 2);
  const good = Array.from({ length: rows }, (_, i) => i).filter((i) => !catalogue.badRows.includes(i));
  expect([...(await labelled(catalogue))].sort()).toEqual(good.map((i) => [`${catalogue.prefix}${i}`, 1]).sort());
}

test('up starts a worker, and status shows it', async () => {
  expect((await run('status', '--json')).last().workers).toMatchObject([
    { name: 'backfill', health: 'ready' },
    { name: 'backfill-stages', health: 'ready' },
  ]);
});

test('a dry run counts and sends nothing', async () => {
  const { code, last, stderr } = await start('--dry-run', '--json');
  expect([code, stderr]).toEqual([0, expect.anything()]);
  expect(last()).toMatchObject({
    dryRun: true,
    rows: rowsOf(FIRST),
    rowsAreExact: true,
    speedFrom: 'figures',
    assumedCoreHourPriceUsd: 0.05,
  });
  expect((await run('backfill', 'list', '--json')).last()).toEqual({ backfills: [] });
});

test('what is wrong with a source is said at once, and nothing is started', async () => {
  const [missing, column] = await Promise.all([
    run('backfill', 'start', '--source', join(dataDir, 'missing.csv')),
    run('backfill', 'start', '--source', ...catalogues.first, '--map', 'title=titel'),
  ]);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('missing.csv') });
  expect(column).toMatchObject({ code: 2, stderr: expect.stringContaining('titel') });
  expect(await store.list()).toEqual([]);
});

test('every row is labelled once, although the worker is killed in the middle, twice', async () => {
  const waiting = start('--name', 'whole', '--rate', RATE, '--wait', '--json');
  const before = await progress('whole', 0, rowsOf(FIRST));
  const pids = [await kill(await workerPid())];
  const [again, status] = await Promise.all([start('--name', 'whole'), run('status', '--json')]);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringMatching(/a backfill "whole" already; it is running/) });
  expect(status).toMatchObject({ code: 1 });
  await restartWorker();
  await progress('whole', before, rowsOf(FIRST));
  pids.push(await kill(await workerPid()));
  await run('up', '--json');
  expect(new Set(pids).size).toBe(2);
  await expectAllOnce(FIRST, await waiting);
}, 600_000);

test('every row is labelled once, although the state Redis and then Kafka are killed in the middle; the worker goes on by itself', async () => {
  const worker = await workerPid();
  const waiting = startOf(catalogues.second, '--name', 'through', '--rate', RATE, '--wait', '--json');
  let before = await progress('through', 0, rowsOf(SECOND));
  for (const part of ['redis-state', 'kafka'] as const) {
    await kill(await partPid(part));
    await startEngine({ engine: 'native', dataDir });
    before = await progress('through', before, rowsOf(SECOND));
  }
  await expectAllOnce(SECOND, await waiting);
  expect(await workerPid()).toBe(worker);
  expect((await run('status', '--json')).last().workers).toMatchObject([
    { pid: worker, health: 'ready' },
    { name: 'backfill-stages', health: 'ready' },
  ]);
}, 600_000);

test('the rows that could not be sent are reported with their lines', async () => {
  const { code, stdout } = await run('backfill', 'report', 'whole');
  expect(code).toBe(0);
  const errors = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { origin: string; position: number });
  // Line 1 is the header.
  const { badRows, rowsPerFile } = FIRST;
  expect(errors.map(({ position }) => position)).toEqual(badRows.map((i) => (i % rowsPerFile) + 2));
  expect(errors.map(({ origin }) => origin)).toEqual(
    badRows.map((i) => expect.stringContaining(`catalogue-p-${String(Math.floor(i / rowsPerFile)).padStart(2, '0')}.csv`)),
  );
});

test('a backfill is paused, resumed and cancelled from outside', async () => {
  await start('--name', 'handled', '--rate', '1');
  await expect.poll(async () => (await store.get('handled'))?.state, { timeout: 60_000, interval: 50 }).toBe('running');
  expect(await run('backfill', 'pause', 'handled')).toMatchObject({ code: 0, stdout: 'handled is paused\n' });
  expect((await run('backfill', 'status', 'handled', '--json')).last()).toMatchObject({ state: 'paused' });
  expect(await run('backfill', 'resume', 'handled')).toMatchObject({ code: 0, stdout: 'handled is running\n' });
  expect(await run('backfill', 'cancel', 'handled')).toMatchObject({ code: 0, stdout: 'handled is cancelled\n' });
  const [resumed, nobody] = await Promise.all([run('backfill', 'resume', 'handled'), run('backfill', 'pause', 'nobody')]);
  expect(resumed).toMatchObject({ code: 2, stderr: expect.stringContaining('cancelled') });
  expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no backfill "nobody"') });
});

test('without a worker, start says what to do, and with --wait works itself', async () => {
  await kill(await workerPid());
  await expect.poll(() => store.workers(), { timeout: 30_000, interval: 100 }).toEqual([]);
  expect(await start('--name', 'lonely', '--limit', '10')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('nobody works on backfills'),
  });
  const waited = await start('--name', 'own', '--limit', '10', '--wait', '--json');
  expect(waited.last()).toMatchObject({ state: 'done', rowsSent: 10 });
  expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining('this command works on the backfill itself') });
});
