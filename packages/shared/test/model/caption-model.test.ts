import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { loadBundle } from '../../src/bundle/load.js';
import type { Bundle, CaptionManifest, EncoderManifest } from '../../src/bundle/manifest.js';
import { type CaptionModel, createCaptionModel } from '../../src/model/caption-model.js';
import type { Inference, Tensors } from '../../src/ports/inference.js';
import { toHalf } from '../../src/tensor/half.js';
import type { TokenSequence } from '../../src/tensor/token-sequence.js';

const FOLDER = 'packages/shared/test/fixtures/bundles';
const WIDTH = 8;

/** A picture's tokens, different for each seed. */
function tokensOf(seed: number, count = 5): TokenSequence {
  const tokens = new Uint16Array(count * WIDTH);
  toHalf(
    Float32Array.from(tokens, (_, at) => Math.sin(at * 1.7 + seed * 2.3) * 2),
    tokens,
  );
  return { count, width: WIDTH, tokens, embedding: new Float32Array(6).fill(1) };
}

describe('the caption model', () => {
  let bundle: Bundle<CaptionManifest>;
  let encoder: Bundle<EncoderManifest>;
  let inference: Inference;
  const runs: { graph: string; dims: Record<string, readonly number[]> }[] = [];
  const run: Inference['run'] = (graph: string, inputs: Tensors) => {
    runs.push({ graph, dims: Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims])) });
    return inference.run(graph, inputs);
  };
  const model = (change: Partial<CaptionManifest['decoding']> = {}): CaptionModel => {
    const decoding = { ...bundle.manifest.decoding, minConfidence: 0, ...change };
    return createCaptionModel({ ...bundle, manifest: { ...bundle.manifest, decoding } }, encoder, { inference: { run }, maxRunSize: 4 });
  };
  beforeAll(async () => {
    bundle = await loadBundle(`${FOLDER}/caption`, 'caption');
    encoder = await loadBundle(`${FOLDER}/encoder`, 'encoder');
    inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
  });
  afterAll(() => inference.close());

  it('says the same of an image alone and among others, whatever the number', async () => {
    const images = Array.from({ length: 7 }, (_, seed) => tokensOf(seed));
    const together = await model().caption(images);
    const alone = await Promise.all(images.map(async (image) => (await model().caption([image]))[0]));
    expect(together.map((caption) => (caption.kind === 'title' ? caption.text : caption.kind))).toEqual(
      alone.map((caption) => (caption?.kind === 'title' ? caption.text : caption?.kind)),
    );
    const texts = together.flatMap((caption) => (caption.kind === 'title' ? [caption.text] : []));
    expect(new Set(texts).size).toBeGreaterThan(1);
    for (const text of texts) expect(text).toMatch(/^(Red|Shirt|Blue|Shoe|Dress)( (Shirt|Blue|Shoe|Dress)|Red)*$/);
  });

  it('keeps keys and values: each step is given one token, and what the steps before have left', async () => {
    runs.length = 0;
    await model({ maxTokens: 3 }).caption([tokensOf(1), tokensOf(2)]);
    expect(runs[0]).toEqual({ graph: 'prefix', dims: { image_tokens: [2, 5, WIDTH] } });
    const steps = runs.slice(1);
    expect(steps.length).toBeLessThanOrEqual(3);
    steps.forEach(({ graph, dims }, at) => {
      expect(graph).toBe('step');
      expect(dims).toMatchObject({ token_ids: [2, 1], past_keys: [2, 1, 1, at, 4], cross_keys: [2, 1, 1, 2, 4] });
    });
  });

  it('stops at the most tokens, groups images by their length, and warms up', async () => {
    runs.length = 0;
    await model({ maxTokens: 1 }).caption([tokensOf(1), tokensOf(2, 3), tokensOf(3)]);
    expect(runs.map(({ graph }) => graph).sort()).toEqual(['prefix', 'prefix', 'step', 'step']);
    await model().warmUp();
  });

  it('proposes nothing that it is not sure of', async () => {
    expect(await model({ minConfidence: 1 }).caption([tokensOf(1)])).toEqual([{ kind: 'unsure' }]);
  });

  it('fails only the image whose tokens are not finite', async () => {
    const broken = tokensOf(1);
    broken.tokens.fill(0x7e00);
    const captions = await model().caption([broken, tokensOf(2)]);
    expect(captions.map(({ kind }) => kind)).toEqual(['notFinite', 'title']);
  });
});
