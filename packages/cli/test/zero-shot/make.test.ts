import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openInference } from '@labelstream/shared/adapters/onnx/inference';
import { graphFiles } from '@labelstream/shared/bundle/graphs';
import { loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest, FusionManifest } from '@labelstream/shared/bundle/manifest';
import { createFusionModel } from '@labelstream/shared/model/fusion-model';
import type { Inference } from '@labelstream/shared/ports/inference';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenCases } from '../../src/zero-shot/golden-cases.js';
import { parseLabelSet } from '../../src/zero-shot/label-set.js';
import { makeZeroShotBundle, type ZeroShotOptions } from '../../src/zero-shot/make.js';

const encoderFolder = fileURLToPath(new URL('../../../shared/test/fixtures/bundles/encoder', import.meta.url));
const SCALE = 20;

let folder: string;
let encoder: Bundle<EncoderManifest>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-zero-shot-'));
  encoder = await loadBundle(encoderFolder, 'encoder');
});
afterAll(() => rm(folder, { recursive: true }));

const make = (labels: string, options: Partial<ZeroShotOptions> = {}) =>
  makeZeroShotBundle({
    labels: parseLabelSet(labels, 'labels.txt'),
    source: '`labels.txt`',
    taxonomy: 'labels',
    task: 'category',
    templates: ['a {label}', 'red {label}'],
    encoder,
    scale: SCALE,
    threshold: 0.4,
    generation: 2,
    out: join(folder, 'out'),
    command: 'labelstream models zero-shot --labels labels.txt',
    threads: 1,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  });

describe('makeZeroShotBundle', () => {
  let bundle: Bundle<FusionManifest>;
  let inference: Inference;
  beforeAll(async () => {
    bundle = await make('shirt\ndress\nshoe');
    inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
  });
  afterAll(() => inference.close());

  test('leaves one whole bundle behind, with a card, and no half-made folder', async () => {
    expect(bundle.id).toMatch(/^zero-shot-category@[0-9a-f]{12}$/);
    expect((await loadBundle(bundle.directory, 'fusion')).id).toBe(bundle.id);
    expect(await readdir(folder)).toEqual(['out']);
    expect(await readFile(join(bundle.directory, 'MODEL_CARD.md'), 'utf8')).toContain('`a {label}`');
  });

  /** A sequence of which only the embedding counts. */
  const sequence = (embedding: number[]): TokenSequence => ({
    count: 5,
    width: 8,
    tokens: new Uint16Array(40),
    embedding: Float32Array.from(embedding),
  });

  test('labels by the cosine with the label, from either embedding or the sum of both', async () => {
    const model = createFusionModel(bundle, encoder, { inference, maxRunSize: 4 });
    const [image, text] = [
      [0.6, 0, 0.8, 0, 0, 0],
      [0, 1, 0, 0, 0, 0],
    ] as const;
    const sum = image.map((value, at) => (value + (text[at] ?? 0)) / Math.SQRT2);
    const [both, imageOnly, textOnly, same] = await model.fuse([
      { image: sequence([...image]), text: sequence([...text]) },
      { image: sequence([...image]) },
      { text: sequence([...text]) },
      { text: sequence(sum) },
    ]);
    for (const [at, value] of sum.entries()) expect(both?.embedding[at]).toBeCloseTo(value, 5);
    expect(both?.labels[0]?.label).toBe(same?.labels[0]?.label);
    expect(both?.labels[0]?.confidence).toBeCloseTo(same?.labels[0]?.confidence ?? 0, 5);
    const weights = [both, imageOnly, textOnly].map((each) => [each?.labels[0]?.imageWeight, each?.labels[0]?.textWeight]);
    expect(weights).toEqual([
      [0.5, 0.5],
      [1, 0],
      [0, 1],
    ]);
  });

  test('a listing that is exactly a label gets that label', async () => {
    const golden = JSON.parse(await readFile(join(bundle.directory, 'golden.json'), 'utf8'));
    expect(golden).toHaveLength(4);
    const { tasks } = bundle.manifest;
    // The head's own matrix, read back by asking for the score of each axis.
    const axes = await Promise.all(Array.from({ length: 6 }, (_, axis) => scoresOf(axis)));
    const model = createFusionModel(bundle, encoder, { inference, maxRunSize: 4 });
    for (const [at, label] of (tasks[0]?.labels ?? []).entries()) {
      const [prediction] = await model.fuse([{ image: sequence(axes.map((scores) => (scores[at] ?? 0) / SCALE)) }]);
      expect(prediction?.labels[0]?.label).toBe(label);
    }
  });

  async function scoresOf(axis: number): Promise<number[]> {
    const data = Float32Array.from({ length: 6 }, (_, at) => (at === axis ? 1 : 0));
    const there = { type: 'float32', dims: [1, 1], data: Float32Array.of(1) } as const;
    const not = { ...there, data: Float32Array.of(0) };
    const tokens = { type: 'float32', dims: [1, 1, 6], data } as const;
    const inputs = { image_tokens: tokens, image_mask: there, text_tokens: tokens, text_mask: not };
    return Array.from((await inference.run('fusion', inputs)).outputs.logits_category?.data ?? [], Number);
  }

  test('what stands in a masked place does not matter, not even NaN', async () => {
    const tokens = (value: number) => ({ type: 'float32', dims: [1, 1, 6], data: new Float32Array(6).fill(value) }) as const;
    const mask = (value: number) => ({ type: 'float32', dims: [1, 1], data: Float32Array.of(value) }) as const;
    const run = async (masked: number) => {
      const inputs = { image_tokens: tokens(1), image_mask: mask(1), text_tokens: tokens(masked), text_mask: mask(0) };
      return (await inference.run('fusion', inputs)).outputs.logits_category?.data;
    };
    expect(await run(Number.NaN)).toEqual(await run(0));
  });
});

describe('what it refuses', () => {
  test('a folder that is in use', async () => {
    const out = await mkdtemp(join(folder, 'used-'));
    await writeFile(join(out, 'file'), '');
    await expect(make('a\nb', { out })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('is there already') });
    await expect(make('a\nb', { out: join(out, 'file') })).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('labels that the encoder has no words for, and cannot tell apart', async () => {
    const making = make('anvil\nhammer', { out: join(folder, 'never') });
    await expect(making).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: 'The labels "anvil" and "hammer" are the same to the encoder.',
    });
  });

  test('an encoder whose text tower does not compute what it was exported with', async () => {
    const manifest = { ...encoder.manifest, golden: { ...encoder.manifest.golden, absoluteTolerance: 1e-12 } };
    const out = join(folder, 'never');
    await expect(make('shirt\ndress', { encoder: { ...encoder, manifest }, out })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(await readdir(folder)).not.toContain('never');
  });
});

test('the golden cases hold both modalities, either and none, computed without the graph', () => {
  const labels = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  const cases = goldenCases({ task: 'shape', labels, embeddingWidth: 2, scale: 10 });
  expect(cases.map(({ outputs }) => outputs.modality_weights?.data)).toEqual([
    [0.5, 0.5],
    [1, 0],
    [0, 1],
    [0, 0],
  ]);
  const [, imageOnly, , none] = cases;
  expect(imageOnly?.outputs.logits_shape?.data).toEqual(imageOnly?.inputs.image_tokens?.data.map((value) => 10 * value));
  expect(none?.outputs.logits_shape?.data).toEqual([0, 0]);
});
