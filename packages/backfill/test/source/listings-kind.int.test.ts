import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createKafkaBroker } from '@labelstream/shared/adapters/kafka/broker';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { topicNames } from '@labelstream/shared/events/topics';
import type { Broker } from '@labelstream/shared/ports/broker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { CREDENTIALS, type S3Server, startS3Server } from '../../../shared/test/adapters/s3/s3-server.js';
import { openListingsEdges } from '../../src/adapters/source/open-listings.js';
import type { Json } from '../../src/kind.js';
import { createListingsKind } from '../../src/source/listings-kind.js';
import { createReplayKind, planReplay } from '../../src/source/replay-kind.js';
import { runAll } from './run-all.js';

const topics = topicNames(`sources-${randomUUID().slice(0, 8)}.`);
const { signal } = new AbortController();
let folder: string;
let server: S3Server;
let broker: Broker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-listings-'));
  server = await startS3Server();
  broker = createKafkaBroker({ brokers: inject('brokers'), clientId: 'sources-test', log: pino({ level: 'silent' }) });
  await broker.ensureTopics(topics.all(), { partitions: 3 });
});
afterAll(async () => {
  await broker.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

async function sent(topic: string): Promise<(string | null)[]> {
  const keys: (string | null)[] = [];
  for await (const { key } of broker.read({ topic })) keys.push(key);
  return keys.sort();
}

test('a catalogue in S3 is sent through Kafka and replayed from there, each listing once', { timeout: 300_000 }, async () => {
  const ids = Array.from({ length: 3000 }, (_, at) => `${at}`);
  const csv = ids.map((id) => `${id},"title, ${id}"\n`).join('');
  await server.put('shop-catalogue', '2026/a.csv', Buffer.from(`id,title\n${csv}`));
  await server.put('shop-catalogue', '2026/b.jsonl.gz', gzipSync('{"id":"gz"}\n'));
  await server.put('shop-catalogue', 'pictures/p1.jpg', Buffer.from('x'));
  const codecs = await createCodecs();
  const s3 = { region: 'us-east-1', endpoint: server.endpoint, pathStyle: true, credentials: CREDENTIALS };
  const edges = openListingsEdges({ s3, cacheDirectory: folder });
  const kind = createListingsKind({ ...edges, broker, codecs, topics });
  const open = (sources: string[]) => kind.open({ sources, fallbackVersion: 1, rangeBytes: 20_000 }, signal);
  const listings = await runAll(await open(['s3://shop-catalogue/2026/']), { stopAfterCheckpoints: 1 });
  expect(listings).toMatchObject({ rowsSent: 3001, errors: [] });
  expect(listings.ranges.length).toBeGreaterThan(2);
  await runAll(await open(['s3://shop-catalogue/pictures']));
  edges.close();
  const all = [...ids, 'gz', 'p1'].sort();
  const backfill = topics.of('events', 'backfill');
  expect(await sent(backfill)).toEqual(all);
  // The topic is read and written here: the replay ends where it ended when it was planned.
  const spec = { ...(await planReplay({ broker }, backfill)), rangeOffsets: 700 } as Json;
  const replayed = await runAll(await createReplayKind({ broker, codecs, topics }).open(spec, signal));
  expect(replayed).toMatchObject({ rowsSent: 3002, errors: [] });
  expect(await sent(backfill)).toEqual([...all, ...all].sort());
});
