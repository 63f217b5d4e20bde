import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processIdentity } from '@labelstream/local/adapters/process';
import { createTestFolder, removeTestFolder } from '@labelstream/local/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCliConfig } from '../src/config.js';
import { openPipeline } from '../src/pipeline/open.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const bundles = { ENCODER_BUNDLE: fixture('encoder'), FUSION_BUNDLE: fixture('fusion') };

/** What `status --json` says, as far as it is looked at here. */
interface Status {
  readonly running: boolean;
  readonly parts: readonly { readonly name: string; readonly pid?: number; readonly health: string }[];
  readonly services: readonly { readonly name: string; readonly pid: number; readonly health: string; readonly lag: number }[];
}

let dataDir = '';
/** Every process ever seen in the folder. */
const seen = new Set<number>();

beforeAll(async () => {
  dataDir = await createTestFolder();
});
afterAll(() => removeTestFolder(dataDir));

function start(...args: string[]): ChildProcess {
  const env = { ...process.env, ...bundles, LABELSTREAM_DATA_DIR: dataDir, KAFKA_BROKERS: '', TOPIC_PREFIX: '', LOG_LEVEL: '' };
  return spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

async function finish(child: ChildProcess) {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

const run = (...args: string[]) => finish(start(...args));

async function status(): Promise<Status & { readonly code: number | null }> {
  const { code, stdout } = await run('status', '--json');
  const answer = JSON.parse(stdout) as Status;
  for (const { pid } of [...answer.parts, ...answer.services]) if (pid !== undefined) seen.add(pid);
  return { ...answer, code };
}

const healthOf = ({ parts, services }: Status) => Object.fromEntries([...parts, ...services].map(({ name, health }) => [name, health]));
const ALL_READY = Object.fromEntries(
  ['kafka', 'redis-state', 'redis-cache', 'ingest', 'encoder', 'fusion', 'sink'].map((name) => [name, 'ready']),
);

test('up starts everything, and again changes nothing', async () => {
  const up = await run('up', '--engine', 'native', '--json');
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const first = await status();
  expect(first).toMatchObject({ code: 0, running: true });
  expect(healthOf(first)).toEqual(ALL_READY);
  expect(first.services.map(({ lag }) => lag)).toEqual([0, 0, 0, 0]);

  const again = await run('up', '--json');
  expect(JSON.parse(again.stdout).services.map(({ pid }: { pid: number }) => pid)).toEqual(first.services.map(({ pid }) => pid));
  expect((await status()).parts).toEqual(first.parts);
});

test('doctor finds the topics', async () => {
  const { code, stdout } = await run('doctor', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout).checks).toContainEqual(expect.objectContaining({ name: 'topics', ok: true }));
});

test('a pipeline of its own runs beside, labels, tells when a service dies, and leaves the rest alone', async () => {
  const config = readCliConfig({ LABELSTREAM_DATA_DIR: dataDir });
  const pipeline = await openPipeline({ engine: 'auto', topicPrefix: 'test-1.', partitions: 2, settings: bundles, log: () => {}, config });
  try {
    expect(pipeline.engine).toBe('native');
    for (const { pid } of await pipeline.reports()) seen.add(pid);
    const { broker, codecs, topics } = pipeline;
    const producer = await broker.producer();
    const event = { productId: 'p1', version: 1, op: 'UPSERT', title: 'red shoes', attributes: {}, images: [], occurredAt: 1 } as const;
    await producer.send([{ topic: topics.of('events'), key: 'p1', value: codecs.productEvent.encode(event) }]);
    for await (const { key, value } of broker.read({ topic: topics.of('labels'), follow: true })) {
      expect(await codecs.labels.decode(value ?? new Uint8Array())).toMatchObject({ productId: key, text: 'USED' });
      break;
    }
    const lags = async () => (await pipeline.reports()).map(({ health, lag, outcomes }) => ({ health, lag, emitted: outcomes.emit }));
    await expect.poll(lags, { timeout: 20_000 }).toEqual(Array.from({ length: 4 }, () => ({ health: 'ready', lag: 0, emitted: 1 })));

    const fusion = (await pipeline.reports()).find(({ name }) => name === 'fusion');
    process.kill(fusion?.pid ?? 0, 'SIGKILL');
    await expect(pipeline.failed).rejects.toThrow(/test-1-fusion has ended by itself; see .*test-1-fusion\.log/);
  } finally {
    await pipeline.stop();
  }
  expect(healthOf(await status())).toEqual(ALL_READY);
});

test('labels are read until enough was seen or Ctrl-C comes', async () => {
  const get = await run('labels', 'get', 'nobody');
  expect(get).toMatchObject({ code: 1, stdout: '' });

  const following = start('labels', 'tail', '--follow');
  const ended = finish(following);
  setTimeout(() => following.kill('SIGINT'), 2_000);
  expect(await ended).toMatchObject({ code: 130, stderr: '' });
});

test('run all works in one process until SIGTERM, and stops cleanly', async () => {
  const child = start('run', 'all');
  let log = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
    if (text.includes('"msg":"ready"')) child.kill('SIGTERM');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, log).toBe(0);
  expect(log).toContain('"msg":"stopped"');
});

test('after a kill -9 of everything, status says so, up works again, and down leaves no process behind', async () => {
  const before = await status();
  for (const { pid } of [...before.parts, ...before.services]) process.kill(pid ?? 0, 'SIGKILL');
  await expect.poll(async () => (await status()).running).toBe(false);
  expect(await status()).toMatchObject({ code: 1 });

  const up = await run('up');
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const after = await status();
  expect(healthOf(after)).toEqual(ALL_READY);

  const down = await run('down');
  expect(down).toMatchObject({ code: 0 });
  // A process that has ended but was not yet reaped by its new parent has no identity any more.
  const left = await Promise.all([...seen].map(async (pid) => ({ pid, identity: await processIdentity(pid) })));
  expect(left.filter(({ identity }) => identity !== null)).toEqual([]);
  const state = JSON.parse(await readFile(join(dataDir, 'state.json'), 'utf8'));
  expect(state).toMatchObject({ services: [], engine: { processes: {} } });
});
