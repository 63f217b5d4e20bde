import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Listing } from '@labelstream/shared/events/product-event';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { lastLabels } from '../../src/labels/read.js';
import { openPipeline } from '../../src/pipeline/open.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';
import { expectServed, HEAD_KINDS, headSettings, servedEvents } from '../heads.js';

const bundle = (name: string) => fileURLToPath(new URL(`../../../shared/test/fixtures/bundles/${name}`, import.meta.url));
const settings = { ENCODER_BUNDLE: bundle('encoder'), FUSION_BUNDLE: bundle('fusion'), BATCH_MAX_AGE_MS: '1' };

/** A red pixel. */
const PICTURE = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

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
const labelsOf = (title: string, running: Pipeline) => labelsOfListing({ title, images: [] }, running);

async function labelsOfListing(listing: Pick<Listing, 'title' | 'images'>, { broker, codecs, topics }: Pipeline): Promise<ProductLabels> {
  const producer = await broker.producer();
  const event = { productId: 'p1', version: 1, op: 'UPSERT', attributes: {}, occurredAt: 1, ...listing } as const;
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

test('a listing without text is proposed a title where captions are switched on, and is labelled from its image alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'labelstream-captions-'));
  await cp(bundle('caption'), folder, { recursive: true });
  const path = join(folder, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  manifest.decoding.minConfidence = 0;
  await writeFile(path, JSON.stringify(manifest));
  const running = await open(undefined, { CAPTION_BUNDLE: folder });
  const labels = await labelsOfListing({ images: [{ uri: PICTURE }] }, running);
  expect(labels).toMatchObject({
    image: 'USED',
    text: 'MISSING',
    suggestedTitle: {
      text: expect.stringMatching(/\S/),
      tokenConfidence: expect.any(Number),
      model: expect.stringMatching(/^tiny-caption@/),
    },
  });
  expect(labels.labels.map(({ textWeight }) => textWeight)).toEqual(labels.labels.map(() => 0));
  await rm(folder, { recursive: true });
}, 60_000);

test('that nothing is durable is said loudly', async () => {
  const lines: string[] = [];
  await open((line) => lines.push(line));
  expect(lines.join('\n')).toContain('NOTHING IS DURABLE');
}, 60_000);

test('a bundle that is not there is told', async () => {
  await expect(open(undefined, { FUSION_BUNDLE: '/nowhere' })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
}, 60_000);

describe('a head that does not fit is told, and nothing is served', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'labelstream-unfit-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A copy of a head with another manifest, or with a byte of its graph changed. */
  async function changed(name: string, change: (manifest: Record<string, unknown>) => unknown, graphByte = false): Promise<string> {
    const copy = join(folder, name.replaceAll(' ', '-'));
    await cp(headSettings('clip-mlp').FUSION_BUNDLE ?? '', copy, { recursive: true });
    const manifest = JSON.parse(await readFile(join(copy, 'manifest.json'), 'utf8'));
    change(manifest);
    await writeFile(join(copy, 'manifest.json'), JSON.stringify(manifest));
    if (!graphByte) return copy;
    const graph = await readFile(join(copy, 'fusion.onnx'));
    graph[200]! ^= 1;
    await writeFile(join(copy, 'fusion.onnx'), graph);
    return copy;
  }

  const unfit: [string, () => Promise<string>, string, RegExp][] = [
    ['another hash', () => changed('another hash', () => {}, true), 'BUNDLE_INVALID', /"fusion.onnx" does not have the SHA-256/],
    ['an unknown key', () => changed('an unknown key', (m) => Object.assign(m, { colour: 1 })), 'BUNDLE_INVALID', /unknown key "colour"/],
    ['other dims', () => changed('other dims', (m) => Object.assign(m, { tokenWidth: 9 })), 'BUNDLE_INVALID', /"image_tokens" of fusion/],
    [
      'another encoder',
      () => changed('another encoder', (m) => Object.assign(m, { requires: { encoder: 'other@0123456789ab' } })),
      'BUNDLE_MISMATCH',
      /needs the encoder other@0123456789ab/,
    ],
  ];
  test.each(unfit)(
    '%s',
    async (_, head, code, message) => {
      const opening = open(undefined, { ...headSettings('clip-mlp'), FUSION_BUNDLE: await head() });
      await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    },
    60_000,
  );
});

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

describe('every kind of head', () => {
  test.each(HEAD_KINDS)(
    '%s labels what it labels in PyTorch, whatever is missing',
    async (kind) => {
      const { broker, codecs, topics } = await open(undefined, headSettings(kind));
      const producer = await broker.producer();
      const events = servedEvents();
      await producer.send(
        events.map((event) => ({ topic: topics.of('events'), key: event.productId, value: codecs.productEvent.encode(event) })),
      );
      const labels = new Map<string, ProductLabels>();
      for await (const { key, value } of broker.read({ topic: topics.of('labels'), follow: true })) {
        if (value !== null) labels.set(key ?? '', await codecs.labels.decode(value));
        if (labels.size === events.length) break;
      }
      expectServed(kind, labels);
    },
    60_000,
  );
});
