import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { lastLabels } from '../../src/labels/read.js';
import { openPipeline } from '../../src/pipeline/open.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const settings = { ENCODER_BUNDLE: bundle('encoder'), FUSION_BUNDLE: bundle('fusion'), BATCH_MAX_AGE_MS: '1' };

let pipeline: Pipeline | undefined;
afterEach(() => pipeline?.stop());

async function open(log: (line: string) => void = () => {}, bundles: Record<string, string> = {}): Promise<Pipeline> {
  pipeline = await openPipeline({
    engine: 'memory',
    topicPrefix: 'demo-1.',
    partitions: 2,
    settings: { ...settings, ...bundles },
    log,
    config: readCliConfig({}),
  });
  return pipeline;
}

/** Labels of one listing that has a title only. */
async function labelsOf(title: string, { broker, codecs, topics }: Pipeline): Promise<ProductLabels> {
  const producer = await broker.producer();
  const event = { productId: 'p1', version: 1, op: 'UPSERT', title, attributes: {}, images: [], occurredAt: 1 } as const;
  await producer.send([{ topic: topics.of('events'), key: 'p1', value: codecs.productEvent.encode(event) }]);
  const source = { broker, labels: codecs.labels, topic: topics.of('labels') };
  const found = () => lastLabels(source, 'p1', new AbortController().signal);
  await expect.poll(found, { timeout: 20_000 }).toMatchObject({ productId: 'p1' });
  return (await found()) as ProductLabels;
}

test('an event becomes labels in one process, and every service reports it', async () => {
  const running = await open();
  const { broker, topics, topicPrefix, reports } = running;
  expect(topicPrefix).toBe('demo-1.');
  expect(await broker.describe([topics.of('labels')])).toHaveLength(2);
  expect(await labelsOf('red shoes', running)).toMatchObject({ productId: 'p1', version: 1, text: 'USED', image: 'MISSING' });

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

describe('FUSION_BUNDLE serves any head of the encoder', () => {
  const shipped = (name: string) => fileURLToPath(new URL(`../../../../models/${name}`, import.meta.url));
  const ENCODER_BUNDLE = shipped('encoder-fashion-small');
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'labelstream-heads-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A head for the lines of a label file. */
  async function zeroShot(name: string, ...labels: string[]): Promise<string> {
    const file = join(folder, `${name}.txt`);
    const out = join(folder, name);
    await writeFile(file, labels.join('\n'));
    const argv = ['models', 'zero-shot', '--labels', file, '--task', name, '--scale', '18', '--encoder', ENCODER_BUNDLE, '--out', out];
    const config = readCliConfig({});
    const deps = { config, stdout: fakeStream(), stderr: fakeStream(), signal: new AbortController().signal };
    expect(await runCli(argv, deps)).toBe(0);
    return out;
  }

  const heads: [string, () => Promise<string>, unknown][] = [
    [
      'the trained head',
      async () => shipped('fusion-fashion-cma'),
      expect.arrayContaining([
        expect.objectContaining({ task: 'articleType', label: 'Watches', path: ['Accessories', 'Watches', 'Watches'] }),
        expect.objectContaining({ task: 'gender', label: 'Men' }),
      ]),
    ],
    [
      'a zero-shot head for a flat set of labels',
      () => zeroShot('thing', 'shirt', 'watch', 'sandal'),
      [expect.objectContaining({ task: 'thing', label: 'watch', abstained: false, textWeight: 1, imageWeight: 0 })],
    ],
    [
      'a zero-shot head that is walked',
      () => zeroShot('place', '1 - Clothing > Shirts', '2 - Clothing > Jeans', '3 - Accessories > Watches', '4 - Accessories > Belts'),
      [
        expect.objectContaining({
          task: 'place',
          label: 'Accessories > Watches',
          path: ['Accessories', 'Watches'],
          category: { taxonomy: 'place', id: '3', path: ['Accessories', 'Watches'] },
        }),
      ],
    ],
  ];
  test.each(heads)(
    '%s',
    async (_, head, expected) => {
      const running = await open(undefined, { ENCODER_BUNDLE, FUSION_BUNDLE: await head() });
      const { labels, model } = await labelsOf('Titan Men Black Dial Watch', running);
      expect(labels).toEqual(expected);
      expect(model.encoder).toMatch(/^encoder-fashion-small@/);
    },
    60_000,
  );
});
