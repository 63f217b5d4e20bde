import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBundles } from '../../src/adapters/onnx/open-bundles.js';
import { checkPair, loadBundle } from '../../src/bundle/load.js';
import type { Bundle, EncoderManifest, FusionManifest } from '../../src/bundle/manifest.js';
import { createPredictor } from '../../src/model/predictor.js';
import type { Inference, Tensor, Tensors } from '../../src/ports/inference.js';

type Case = Record<'imageTokens' | 'imageEmbedding' | 'textTokens' | 'textEmbedding' | 'embedding', readonly number[]> & {
  readonly name: string;
  readonly logits: Readonly<Record<string, readonly number[]>>;
  readonly modalityWeights: readonly (readonly [number, number])[];
};

/** What the exported graphs gave in Python for one picture and one title, per missing modality: the first values of each output. */
interface Golden {
  readonly encoder: string;
  readonly fusion: string;
  readonly absoluteTolerance: number;
  readonly pixels: { readonly dims: readonly number[]; readonly base64: string };
  readonly ids: readonly number[];
  readonly cases: readonly Case[];
}

/** Token sequences are stored in fp16, which training does not do. */
const STORED_TOLERANCE = 0.02;

const golden: Golden = JSON.parse(readFileSync(join(import.meta.dirname, '../../contracts/golden/model.json'), 'utf8'));
const pixels = () => new Uint8Array(Buffer.from(golden.pixels.base64, 'base64'));

let encoder: Bundle<EncoderManifest>;
let fusion: Bundle<FusionManifest>;
let inference: Inference;
beforeAll(async () => {
  encoder = await loadBundle('models/encoder-fashion-small', 'encoder');
  fusion = await loadBundle('models/fusion-fashion-cma', 'fusion');
  ({ inference } = await openBundles([encoder, fusion], { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' }, async () => null));
});
afterAll(() => inference.close());

const runImage = async () =>
  (await inference.run('image', { pixels: { type: 'uint8', dims: [1, ...golden.pixels.dims], data: pixels() } })).outputs;
const runText = async () => {
  const dims = [1, golden.ids.length];
  const ids = { type: 'int64', dims, data: BigInt64Array.from(golden.ids, BigInt) } as const;
  const mask = { type: 'int64', dims, data: new BigInt64Array(golden.ids.length).fill(1n) } as const;
  return (await inference.run('text', { input_ids: ids, attention_mask: mask })).outputs;
};
const maskOf = (tokens: Tensor, present: boolean): Tensor => {
  const count = tokens.dims[1] ?? 0;
  return { type: 'float32', dims: [1, count], data: new Float32Array(count).fill(present ? 1 : 0) };
};

function expectFirst(outputs: Tensors, name: string, values: readonly number[]): void {
  const data = outputs[name]!.data;
  for (const [at, value] of values.entries()) {
    expect(Math.abs(Number(data[at]) - value), `${name}[${at}]`).toBeLessThanOrEqual(golden.absoluteTolerance);
  }
}

it('was made with the bundles in models/, which fit together', () => {
  expect([encoder.id, fusion.id]).toEqual([golden.encoder, golden.fusion]);
  checkPair(encoder, fusion);
});

describe.each([
  ['complete', true, true],
  ['imageOnly', true, false],
  ['textOnly', false, true],
] as const)('%s', (name, hasImage, hasText) => {
  const expected = golden.cases.find((each) => each.name === name)!;

  it('gives the values of training, graph by graph', async () => {
    const [image, text] = [await runImage(), await runText()];
    expectFirst(image, 'tokens', expected.imageTokens);
    expectFirst(image, 'embedding', expected.imageEmbedding);
    expectFirst(text, 'tokens', expected.textTokens);
    expectFirst(text, 'embedding', expected.textEmbedding);
    const { outputs } = await inference.run('fusion', {
      image_tokens: image.tokens!,
      image_mask: maskOf(image.tokens!, hasImage),
      text_tokens: text.tokens!,
      text_mask: maskOf(text.tokens!, hasText),
    });
    for (const [task, logits] of Object.entries(expected.logits)) expectFirst(outputs, `logits_${task}`, logits);
    expectFirst(outputs, 'modality_weights', expected.modalityWeights.flat());
    expectFirst(outputs, 'embedding', expected.embedding);
  });

  it('gives nearly the same through the code of the services, storage in fp16 and masked padding included', async () => {
    const predictor = createPredictor({ encoderBundle: encoder, fusionBundle: fusion, inference, maxRunSize: 8 });
    const input = { ...(hasImage ? { pixels: pixels() } : {}), ...(hasText ? { tokenIds: golden.ids } : {}) };
    const [prediction] = await predictor.predict([input]);
    prediction!.labels.forEach(({ imageWeight, textWeight }, task) => {
      const [image, text] = expected.modalityWeights[task]!;
      expect(Math.abs(imageWeight - image)).toBeLessThanOrEqual(STORED_TOLERANCE);
      expect(Math.abs(textWeight - text)).toBeLessThanOrEqual(STORED_TOLERANCE);
    });
    expected.embedding.forEach((value, at) => {
      expect(Math.abs(prediction!.embedding[at]! - value)).toBeLessThanOrEqual(STORED_TOLERANCE);
    });
  });
});
