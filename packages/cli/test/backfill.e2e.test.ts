import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processIdentity } from '@labelstream/local/adapters/process';
import { engineStatus } from '@labelstream/local/engine';
import { createTestFolder, removeTestFolder } from '@labelstream/local/testing';
import { drawListings } from '@labelstream/samples/listing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/connect.js';
import { engineSettings } from '../src/pipeline/stage-processes.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const bundles = { ENCODER_BUNDLE: fixture('encoder'), FUSION_BUNDLE: fixture('fusion') };
const ROWS = 400;
/** A range each, so that there is a middle to be killed in. */
const FILES = 8;
const ROWS_PER_FILE = ROWS / FILES;
const BAD_ROWS = [60, 320];

let dataDir = '';
let catalogue: string[] = [];
beforeAll(async () => {
  dataDir = await createTestFolder();
  catalogue = Array.from({ length: FILES }, (_, i) => join(dataDir, `catalogue-${i}.csv`));
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rows = drawListings({ seed: 7, count: ROWS }).map(({ title }, i) => `p${i},${quoted(title ?? `listing ${i}`)},1`);
  // A row without an id, and one whose version is none.
  const [withoutId = 0, withoutVersion = 0] = BAD_ROWS;
  rows[withoutId] = ',"nobody",1';
  rows[withoutVersion] = `p${withoutVersion},"no version",many`;
  for (const [i, file] of catalogue.entries()) {
    const own = rows.slice(i * ROWS_PER_FILE, (i + 1) * ROWS_PER_FILE);
    await writeFile(file, `sku,name,version\n${own.join('\n')}\n`);
  }
  const up = await run('up', '--engine', 'native', '--json');
  expect(up, up.stderr).toMatchObject({ code: 0 });
}, 600_000);
afterAll(() => removeTestFolder(dataDir));

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

const start = (...more: string[]) => run('backfill', 'start', '--source', ...catalogue, '--map', 'id=sku', 'title=name', ...more);

/** kill -9 of the worker, and the certainty that it is gone. */
async function killWorker(): Promise<number> {
  const { workers } = (await run('status', '--json')).last() as { workers: readonly { readonly pid: number }[] };
  const pid = workers[0]?.pid ?? 0;
  const identity = await processIdentity(pid);
  process.kill(pid, 'SIGKILL');
  while (identity !== null && (await processIdentity(pid)) === identity) await sleep(20);
  return pid;
}

/** How often each product stands in the label topic. */
async function labelled(): Promise<Map<string, number>> {
  const connection = await connect({ ...engineSettings(await engineStatus(dataDir)) });
  const counts = new Map<string, number>();
  try {
    for await (const { key } of connection.broker.read({ topic: connection.topics.of('labels') }))
      counts.set(key ?? '', (counts.get(key ?? '') ?? 0) + 1);
  } finally {
    await connection.close();
  }
  return counts;
}

test('up starts a worker, and status shows it', async () => {
  expect((await run('status', '--json')).last().workers).toMatchObject([{ name: 'backfill', health: 'ready' }]);
});

test('a dry run counts and sends nothing', async () => {
  const { code, last, stderr } = await start('--dry-run', '--json');
  expect([code, stderr]).toEqual([0, expect.anything()]);
  expect(last()).toMatchObject({ dryRun: true, rows: ROWS });
  expect((await run('backfill', 'list', '--json')).last()).toEqual({ backfills: [] });
});

test('what is wrong with a source is said at once, and nothing is started', async () => {
  const missing = await run('backfill', 'start', '--source', join(dataDir, 'missing.csv'));
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('missing.csv') });
  const column = await run('backfill', 'start', '--source', ...catalogue, '--map', 'title=titel');
  expect(column).toMatchObject({ code: 2, stderr: expect.stringContaining('titel') });
  expect((await run('backfill', 'list', '--json')).last()).toEqual({ backfills: [] });
});

test('every row is labelled once, although the worker is killed in the middle, twice', async () => {
  const waiting = start('--name', 'whole', '--rate', '6', '--wait', '--json');
  const rowsRead = async () => (await run('backfill', 'status', 'whole', '--json')).last().rowsRead as number;
  await expect.poll(() => rowsRead().catch(() => 0), { timeout: 300_000, interval: 200 }).toBeGreaterThan(0);

  expect(await start('--name', 'whole')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/a backfill "whole" already; it is running/),
  });

  const pids = [await killWorker()];
  expect(await run('status', '--json')).toMatchObject({ code: 1 });
  await run('up', '--json');
  const before = await rowsRead();
  await expect.poll(rowsRead, { timeout: 300_000, interval: 200 }).toBeGreaterThan(before);
  pids.push(await killWorker());
  await run('up', '--json');
  expect(new Set(pids).size).toBe(2);

  const { code, last } = await waiting;
  expect(last()).toMatchObject({ name: 'whole', state: 'done', rowsRead: ROWS, rowsSent: ROWS - 2, rowErrors: 2, share: 1 });
  expect(code).toBe(3);
  await expect.poll(async () => (await labelled()).size, { timeout: 300_000, interval: 1000 }).toBe(ROWS - 2);
  const counts = await labelled();
  const expected = Array.from({ length: ROWS }, (_, i) => i).filter((i) => !BAD_ROWS.includes(i));
  expect([...counts].sort()).toEqual(expected.map((i) => [`p${i}`, 1]).sort());
}, 900_000);

test('the rows that could not be sent are reported with their lines', async () => {
  const { code, stdout } = await run('backfill', 'report', 'whole');
  expect(code).toBe(0);
  const errors = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { origin: string; position: number });
  // Line 1 is the header.
  expect(errors.map(({ position }) => position)).toEqual(BAD_ROWS.map((i) => (i % ROWS_PER_FILE) + 2));
  expect(errors.map(({ origin }) => origin)).toEqual(
    BAD_ROWS.map((i) => expect.stringContaining(`catalogue-${Math.floor(i / ROWS_PER_FILE)}.csv`)),
  );
});

test('a backfill is paused, resumed and cancelled from outside', async () => {
  await start('--name', 'handled', '--rate', '1');
  const status = async () => (await run('backfill', 'status', 'handled', '--json')).last();
  await expect.poll(async () => (await status()).state, { timeout: 60_000 }).toBe('running');
  expect(await run('backfill', 'pause', 'handled')).toMatchObject({ code: 0, stdout: 'handled is paused\n' });
  expect(await status()).toMatchObject({ state: 'paused' });
  expect(await run('backfill', 'resume', 'handled')).toMatchObject({ code: 0, stdout: 'handled is running\n' });
  expect(await run('backfill', 'cancel', 'handled')).toMatchObject({ code: 0, stdout: 'handled is cancelled\n' });
  expect(await run('backfill', 'resume', 'handled')).toMatchObject({ code: 2, stderr: expect.stringContaining('cancelled') });
  expect(await run('backfill', 'pause', 'nobody')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no backfill "nobody"'),
  });
});

test('without a worker, start says what to do, and with --wait works itself', async () => {
  await killWorker();
  await sleep(7000);
  expect(await start('--name', 'lonely', '--limit', '10')).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('nobody works on backfills'),
  });
  const waited = await start('--name', 'own', '--limit', '10', '--wait', '--json');
  expect(waited.last()).toMatchObject({ state: 'done', rowsSent: 10 });
  expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining('this command works on the backfill itself') });
});
