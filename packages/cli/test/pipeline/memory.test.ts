import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { lastLabels } from '../../src/labels/read.js';
import { openPipeline } from '../../src/pipeline/open.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const settings = { ENCODER_BUNDLE: bundle('encoder'), FUSION_BUNDLE: bundle('fusion'), BATCH_MAX_AGE_MS: '1' };

let pipeline: Pipeline | undefined;
afterEach(() => pipeline?.stop());

async function open(log: (line: string) => void = () => {}): Promise<Pipeline> {
  pipeline = await openPipeline({
    engine: 'memory',
    topicPrefix: 'demo-1.',
    partitions: 2,
    settings,
    log,
    config: readCliConfig({}),
  });
  return pipeline;
}

test('an event becomes labels in one process, and every service reports it', async () => {
  const { broker, codecs, topics, topicPrefix, reports } = await open();
  expect(topicPrefix).toBe('demo-1.');
  expect(await broker.describe([topics.of('labels')])).toHaveLength(2);
  const producer = await broker.producer();
  const event = { productId: 'p1', version: 1, op: 'UPSERT', title: 'red shoes', attributes: {}, images: [], occurredAt: 1 } as const;
  await producer.send([{ topic: topics.of('events'), key: 'p1', value: codecs.productEvent.encode(event) }]);

  const source = { broker, labels: codecs.labels, topic: topics.of('labels') };
  const labels = () => lastLabels(source, 'p1', new AbortController().signal);
  await expect.poll(labels, { timeout: 20_000 }).toMatchObject({ productId: 'p1', version: 1, text: 'USED', image: 'MISSING' });

  await expect.poll(async () => (await reports()).map(({ outcomes }) => outcomes.emit)).toEqual([1, 1, 1, 1]);
  expect((await reports()).map(({ name, pid, health }) => ({ name, pid, health }))).toEqual(
    ['ingest', 'encoder', 'fusion', 'sink'].map((name) => ({ name, pid: process.pid, health: 'ready' })),
  );
}, 60_000);

test('that nothing is durable is said loudly', async () => {
  const lines: string[] = [];
  await open((line) => lines.push(line));
  expect(lines.join('\n')).toContain('NOTHING IS DURABLE');
}, 60_000);

test('a bundle that is not there is told', async () => {
  const failing = openPipeline({
    engine: 'memory',
    topicPrefix: 'demo-1.',
    partitions: 2,
    settings: { ...settings, FUSION_BUNDLE: '/nowhere' },
    log: () => {},
    config: readCliConfig({}),
  });
  await expect(failing).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
}, 60_000);
