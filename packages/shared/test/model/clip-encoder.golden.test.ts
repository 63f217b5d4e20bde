import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { loadBundle, readGolden, verifyGolden } from '../../src/bundle/load.js';
import type { Bundle, EncoderManifest, FusionManifest } from '../../src/bundle/manifest.js';
import { createEncoderModel, type EncoderModel, sequenceDims } from '../../src/model/encoder-model.js';
import { createFusionModel } from '../../src/model/fusion-model.js';
import type { Inference, Tensors } from '../../src/ports/inference.js';
import { fromHalf } from '../../src/tensor/half.js';
import { decodeTokenSequence, type TokenSequence } from '../../src/tensor/token-sequence.js';

/** Made by `export-clip` from a tiny CLIP of transformers with random weights: towers of 24 and 16 features. */
const FOLDER = fileURLToPath(new URL('../fixtures/clip-encoder', import.meta.url));

let bundle: Bundle<EncoderManifest>;
let inference: Inference;
let encoder: EncoderModel;
beforeAll(async () => {
  bundle = await loadBundle(FOLDER, 'encoder');
  inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
  encoder = createEncoderModel(bundle, { inference, maxRunSize: 4 });
});
afterAll(() => inference.close());

const decode = (stored: Uint8Array | undefined, kind: 'image' | 'text'): TokenSequence =>
  decodeTokenSequence(stored ?? null, sequenceDims(bundle.manifest)[kind])!;
const text = async (ids: readonly number[]) => decode((await encoder.encodeTexts([ids]))[0], 'text');

/** What the original library made of the first row of a golden case. */
async function original(graph: 'image' | 'text') {
  const { inputs, outputs } = (await readGolden(bundle)).find((each) => each.graph === graph)!;
  const width = outputs.embedding!.dims[1]!;
  return { inputs, tokens: outputs.tokens!.data, embedding: outputs.embedding!.data.slice(0, width) };
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expected.forEach((value, at) => {
    expect(Math.abs(actual[at]! - value)).toBeLessThanOrEqual(tolerance);
  });
}

function unpacked({ tokens }: TokenSequence): Float32Array {
  const values = new Float32Array(tokens.length);
  fromHalf(tokens, values, 0);
  return values;
}

/** What fp16 storage may cost: values after a norm are small. */
const HALF = 4e-3;

test('the bundle is whole and computes what it was exported with', async () => {
  await expect(verifyGolden(bundle, inference)).resolves.toBeUndefined();
});

test('a picture gets the tokens and the embedding of the original library, in the width of its tower', async () => {
  const { inputs, tokens, embedding } = await original('image');
  const sequence = decode((await encoder.encodeImages([Uint8Array.from(inputs.pixels!.data)]))[0], 'image');
  expect([sequence.count, sequence.width]).toEqual([17, 24]);
  expectNear(unpacked(sequence), tokens.slice(0, 17 * 24), HALF);
  expectNear(sequence.embedding, embedding, 1e-3);
});

test('so does a text, whatever it is padded to', async () => {
  const { inputs, tokens, embedding } = await original('text');
  const ids = inputs.input_ids!.data.slice(0, inputs.input_ids!.dims[1]);
  const sequence = await text(ids);
  expect([sequence.count, sequence.width]).toEqual([3, 16]);
  expectNear(unpacked(sequence), tokens.slice(0, 3 * 16), HALF);
  expectNear(sequence.embedding, embedding, 1e-3);
});

test('what comes after the first end token does not change the class token', async () => {
  const { beginTokenId, endTokenId } = bundle.manifest.text;
  const [short, long] = [await text([beginTokenId, 300, endTokenId]), await text([beginTokenId, 300, endTokenId, 310, endTokenId])];
  expectNear(long.embedding, [...short.embedding], 1e-5);
  expectNear(unpacked(long), [...unpacked(short)].slice(0, 16), HALF);
});

test('it warms up', async () => {
  await expect(encoder.warmUp()).resolves.toBeUndefined();
});

test.each([
  ['tokens', { image: 24, text: 16 }],
  ['embeddings', 12],
] as const)('a head that reads %s is given each sequence in its own width', async (reads, tokenWidth) => {
  const seen: Tensors[] = [];
  const run: Inference['run'] = async (_, inputs) => {
    seen.push(inputs);
    const rows = inputs.image_tokens!.dims[0]!;
    const zeros = (...dims: number[]) => ({ type: 'float32' as const, dims, data: new Float32Array(dims.reduce((a, b) => a * b, 1)) });
    return { outputs: { modality_weights: zeros(rows, 0, 2), embedding: zeros(rows, 12) }, runMs: 0 };
  };
  const manifest = { tokenWidth, embeddingWidth: 12, graph: { reads }, tasks: [] } as unknown as FusionManifest;
  const fusion = createFusionModel({ id: 'head', directory: '', manifest }, bundle, { inference: { run }, maxRunSize: 4 });
  await fusion.warmUp();
  const pixels = new Uint8Array(32 * 32 * 3).fill(9);
  await fusion.fuse([{ image: decode((await encoder.encodeImages([pixels]))[0], 'image'), text: await text([712, 300, 713]) }]);
  const widths = typeof tokenWidth === 'number' ? { image: 12, text: 12 } : tokenWidth;
  for (const { image_tokens, text_tokens } of seen) {
    expect([image_tokens!.dims[2], text_tokens!.dims[2]]).toEqual([widths.image, widths.text]);
  }
  expect(seen.at(-1)!.image_mask!.dims).toEqual([1, reads === 'tokens' ? 17 : 1]);
});
