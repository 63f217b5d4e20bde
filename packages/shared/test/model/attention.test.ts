import { afterAll, beforeAll, expect, it } from 'vitest';
import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { checkPair, loadBundle, verifyGolden } from '../../src/bundle/load.js';
import type { Bundle, EncoderManifest, FusionManifest } from '../../src/bundle/manifest.js';
import { createAttentionModel } from '../../src/model/attention.js';
import { createEncoderModel, floats, sequenceDims } from '../../src/model/encoder-model.js';
import { createFusionModel, stackRows } from '../../src/model/fusion-model.js';
import { headInput } from '../../src/model/head-input.js';
import type { Inference } from '../../src/ports/inference.js';
import { decodeTokenSequence, type TokenSequence } from '../../src/tensor/token-sequence.js';
import { pixelsOf } from './fixture.js';

const FOLDER = 'packages/shared/test/fixtures/bundles';

let encoder: Bundle<EncoderManifest>;
let fusion: Bundle<FusionManifest>;
let inference: Inference;
let image: TokenSequence;
let text: TokenSequence;
beforeAll(async () => {
  encoder = await loadBundle(`${FOLDER}/encoder`, 'encoder');
  fusion = await loadBundle(`${FOLDER}/fusion-attention`, 'fusion');
  inference = await openInference({ graphs: { ...graphFiles(encoder), ...graphFiles(fusion) }, threads: 1, providers: ['cpu'] });
  const towers = createEncoderModel(encoder, { inference, maxRunSize: 1 });
  const dims = sequenceDims(encoder.manifest);
  image = decodeTokenSequence((await towers.encodeImages([pixelsOf(3)]))[0]!, dims.image)!;
  text = decodeTokenSequence((await towers.encodeTexts([[1, 4, 9, 2]]))[0]!, dims.text)!;
});
afterAll(() => inference.close());

it('gives each text token the mean over the heads of what it takes from the patches, the class token left out', async () => {
  const inputs = stackRows([{ image, text, imageLength: 5, textLength: 4 }], headInput('tokens', encoder.manifest));
  const { outputs } = await inference.run('fusion', inputs);
  expect(outputs.attention?.dims).toEqual([1, 2, 9, 9]);
  const whole = floats(outputs, 'attention');
  const at = (head: number, query: number, key: number) => whole[(head * 9 + query) * 9 + key]!;
  const mean = (query: number, key: number) => (at(0, query, key) + at(1, query, key)) / 2;

  const tokens = await createAttentionModel(fusion, encoder, { inference }).attend(image, text);

  expect(tokens).toHaveLength(4);
  tokens.forEach(({ patches, imageShare }, token) => {
    expect(patches).toHaveLength(4);
    patches.forEach((share, patch) => {
      expect(share).toBeCloseTo(mean(5 + token, 1 + patch), 6);
    });
    expect(imageShare).toBeCloseTo(
      [0, 1, 2, 3, 4].reduce((sum, key) => sum + mean(5 + token, key), 0),
      6,
    );
  });
});

it('is no part of what the services ask for', async () => {
  const asked: (readonly string[] | undefined)[] = [];
  const run: Inference['run'] = (graph, inputs, outputs) => {
    asked.push(outputs);
    return inference.run(graph, inputs, outputs);
  };
  const [prediction] = await createFusionModel(fusion, encoder, { inference: { run }, maxRunSize: 1 }).fuse([{ image, text }]);
  expect(prediction?.labels).toHaveLength(2);
  expect(asked).toEqual([['logits_articleType', 'logits_baseColour', 'modality_weights', 'embedding']]);
});

it('leaves the labels of a bundle as they are without it', async () => {
  const plain = await loadBundle(`${FOLDER}/fusion`, 'fusion');
  const other = await openInference({ graphs: graphFiles(plain), threads: 1, providers: ['cpu'] });
  const labelsBy = async (bundle: typeof fusion, run: Inference['run']) =>
    (await createFusionModel(bundle, encoder, { inference: { run }, maxRunSize: 1 }).fuse([{ image, text }]))[0]?.labels;
  expect(await labelsBy(fusion, inference.run)).toEqual(await labelsBy(plain, other.run));
  await other.close();
  expect(() => createAttentionModel(plain, encoder, { inference })).toThrow(/does not tell its attention/);
});

it('is checked by the golden vectors of its bundle', async () => {
  await expect(verifyGolden(fusion, inference)).resolves.toBeUndefined();
  const run: Inference['run'] = async (graph, inputs) => {
    const result = await inference.run(graph, inputs);
    (result.outputs.attention!.data as Float32Array)[3]! += 0.1;
    return result;
  };
  await expect(verifyGolden(fusion, { run })).rejects.toThrow(/"attention"\[3\]/);
});

it('refuses a graph whose attention has other dims than its inputs', async () => {
  const run: Inference['run'] = async () => ({
    runMs: 1,
    outputs: { attention: { type: 'float32', dims: [1, 1, 2, 2], data: new Float32Array(4) } },
  });
  await expect(createAttentionModel(fusion, encoder, { inference: { run } }).attend(image, text)).rejects.toMatchObject({
    code: 'STAGE_FAILED',
  });
});

it('is refused for an encoder with another number of patches', () => {
  const { graph } = fusion.manifest;
  const wide = { ...fusion, manifest: { ...fusion.manifest, graph: { ...graph, attention: { ...graph.attention!, columns: 2 } } } };
  expect(() => checkPair(encoder, fusion)).not.toThrow();
  expect(() => checkPair(encoder, wide)).toThrow(expect.objectContaining({ code: 'BUNDLE_MISMATCH' }));
});
