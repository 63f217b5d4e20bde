import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deadLetterRecord } from '@labelstream/shared/stream/dead-letter';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { type Connection, connect } from '../../src/connect.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

/** JSON that no encoder would write: the bytes have to come back as they are. */
const BAD_OP = Buffer.from('{ "productId":"p1", "version" : 1,\r\n"op":"REPLACE", "title":"\\u0041 ü", "occurredAt":1 }\n');

let env: Record<string, string> = {};
let connection: Connection;
let ingest: Promise<unknown> = Promise.resolve();
const stopIngest = new AbortController();

/** Ingest runs over the real Kafka and Redis, under a prefix of its own. */
beforeAll(async () => {
  env = {
    KAFKA_BROKERS: inject('brokers').join(','),
    REDIS_CACHE_URL: inject('redisCache'),
    REDIS_STATE_URL: inject('redisState'),
    TOPIC_PREFIX: `dlq-${randomUUID().slice(0, 8)}.`,
    TOPIC_PARTITIONS: '2',
    ENCODER_BUNDLE: fileURLToPath(new URL('../../../shared/test/fixtures/bundles/encoder', import.meta.url)),
    LABELSTREAM_DATA_DIR: await mkdtemp(join(tmpdir(), 'labelstream-dlq-')),
    LOG_LEVEL: 'fatal',
  };
  connection = await connect(env);
  await connection.ensureTopics();
  ingest = labelstream(['run', 'ingest'], stopIngest.signal);
});
afterAll(async () => {
  stopIngest.abort('SIGTERM');
  await ingest;
  await connection.close();
  await rm(env.LABELSTREAM_DATA_DIR ?? '', { recursive: true, force: true });
});

async function labelstream(argv: readonly string[], signal = new AbortController().signal) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const code = await runCli(argv, { config: readCliConfig(env), stdout, stderr, signal });
  return { code, stdout: stdout.text(), stderr: stderr.text(), bytes: stdout.bytes() };
}

const dlq = (...args: string[]) => labelstream(['dlq', ...args]);

type Line = Readonly<Record<string, unknown>>;
const linesOf = ({ stdout }: { readonly stdout: string }) => stdout.split('\n').flatMap((line): Line[] => (line ? [JSON.parse(line)] : []));
const list = async (...args: string[]) => linesOf(await dlq('list', '--json', ...args));

test('an event that ingest gave up is replayed from the command line, and fails again with the same bytes', async () => {
  const { broker, topics } = connection;
  const producer = await broker.producer();
  const topic = topics.of('events', 'backfill');
  await producer.send([{ topic, key: 'p1', value: BAD_OP, headers: { 'x-own': 'ü' } }]);
  await vi.waitFor(async () => expect(await list()).toHaveLength(1), { timeout: 30_000, interval: 500 });
  const [first] = await list('--code', 'EVENT_UNKNOWN_OP', '--stage', 'ingest', '--product', 'p1', '--since', '1h');
  expect(first).toMatchObject({ stage: 'ingest', code: 'EVENT_UNKNOWN_OP', productId: 'p1', from: { topic }, replays: 0 });
  expect(await list('--product', 'p2')).toEqual([]);
  const id = String(first?.id);

  const planned = await dlq('replay', '--everything', '--dry-run');
  expect(planned).toMatchObject({ code: 0, stdout: expect.stringMatching(/1 dead letter would be replayed/) });
  const replayed = await dlq('replay', id, '--json');
  expect({ code: replayed.code, lines: linesOf(replayed) }).toEqual({
    code: 0,
    lines: [{ id, outcome: 'replayed', topic, replays: 1 }],
  });

  await vi.waitFor(async () => expect(await list()).toMatchObject([{ code: 'EVENT_UNKNOWN_OP', replays: 1, isReplayed: false }]), {
    timeout: 30_000,
    interval: 500,
  });
  expect(await list('--all')).toMatchObject([{ replays: 1 }, { id, isReplayed: true }]);
  const again = String((await list())[0]?.id);
  expect(again).not.toBe(id);
  expect(Buffer.from((await dlq('show', again, '--raw')).bytes)).toEqual(BAD_OP);
  const shown = (await dlq('show', again)).stdout;
  expect(shown).toMatch(/header x-own +ü\n/);
  expect(shown).toContain('  "op": "REPLACE",\n');

  // A second time, the first one is left alone.
  expect(await dlq('replay', id)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 dead letter had been replayed already') });
  expect(await list()).toHaveLength(1);

  const message = {
    topic,
    partition: 0,
    offset: 0,
    lane: 'live',
    key: 'p9',
    value: BAD_OP,
    headers: {},
    timestampMs: 1,
    generation: 0,
  } as const;
  const to = { topic: topics.deadLetters('encoded'), stage: 'fusion', omitValue: true } as const;
  await producer.send([deadLetterRecord(message, { code: 'EVENT_TOO_LARGE', detail: 'too large' }, to)]);
  await producer.close();
  const refused = await dlq('replay', '--code', 'EVENT_TOO_LARGE');
  expect(refused).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^0 dead letters replayed\.\n1 dead letter cannot be replayed: too large/),
  });
  // Of the two of this product the first was replayed; nothing lies before it.
  const lettersOf = async () => (await list('--all', '--stage', 'ingest')).map((line) => line.id);
  const purge = ['purge', '--replayed', '--stage', 'ingest'];
  expect(await dlq(...purge)).toMatchObject({ code: 0, stdout: expect.stringMatching(/\n1 dead letter would be deleted for good/) });
  expect(await lettersOf()).toEqual([again, id]);
  expect(linesOf(await dlq(...purge, '--yes', '--json'))).toEqual([{ id, outcome: 'deleted' }]);
  expect(await lettersOf()).toEqual([again]);
  expect(await dlq('purge', '--everything', '--yes')).toMatchObject({ code: 0, stdout: '2 dead letters deleted for good.\n' });
  expect(await list('--all')).toEqual([]);
  expect(await dlq('show', 'fusion-0-99')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('no dead letter fusion-0-99'),
  });
}, 120_000);
