import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createEncoderModel, type EncoderModel, sequenceDims } from '../../src/model/encoder-model.js';
import { createFusionModel, type FusionInput, type FusionModel } from '../../src/model/fusion-model.js';
import { createPredictor } from '../../src/model/predictor.js';
import type { Inference } from '../../src/ports/inference.js';
import { decodeTokenSequence, type TokenSequence } from '../../src/tensor/token-sequence.js';
import { openTinyModels, pixelsOf } from './fixture.js';

type Tiny = Awaited<ReturnType<typeof openTinyModels>>;

let tiny: Tiny;
let encoder: EncoderModel;
let fusion: FusionModel;
beforeAll(async () => {
  tiny = await openTinyModels();
  encoder = createEncoderModel(tiny.encoder, { inference: tiny.inference, maxRunSize: 4 });
  fusion = createFusionModel(tiny.fusion, tiny.encoder, { inference: tiny.inference, maxRunSize: 4 });
});
afterAll(() => tiny.close());
beforeEach(() => {
  tiny.shapes.length = 0;
});

const decode = (stored: Uint8Array, kind: 'image' | 'text'): TokenSequence =>
  decodeTokenSequence(stored, sequenceDims(tiny.encoder.manifest)[kind])!;
const image = async (seed: number) => decode((await encoder.encodeImages([pixelsOf(seed)]))[0]!, 'image');
const text = async (ids: number[]) => decode((await encoder.encodeTexts([ids]))[0]!, 'text');

describe('the encoder model', () => {
  it('gives an image the same tokens alone and in any company', async () => {
    const together = await encoder.encodeImages([0, 1, 2, 3, 4, 5, 6].map(pixelsOf));
    expect(tiny.shapes.map(({ dims }) => dims.pixels?.[0])).toEqual([4, 2, 1]);
    for (const seed of [0, 5, 6]) expect(decode(together[seed]!, 'image')).toEqual(await image(seed));
  });

  it('keeps the real tokens of a text only, whatever it was padded to', async () => {
    const texts = [
      [1, 4, 2],
      [1, 5, 6, 7, 8, 9, 10, 11, 2],
      [1, 5, 2],
    ];
    const stored = await encoder.encodeTexts(texts);
    expect(stored.map((value) => decode(value, 'text').count)).toEqual([3, 9, 3]);
    expect(tiny.shapes.map(({ dims }) => dims.input_ids)).toEqual([
      [2, 8],
      [1, 12],
    ]);
    for (const [at, ids] of texts.entries()) expect(decode(stored[at]!, 'text')).toEqual(await text(ids));
  });

  it('tells what its graphs would refuse', () => {
    expect(encoder.fitsImage(pixelsOf(0))).toBe(true);
    expect(encoder.fitsImage(new Uint8Array(5))).toBe(false);
    expect(encoder.fitsText([1, 2])).toBe(true);
    for (const ids of [[], [1, 21], [-1], [1.5], new Array(13).fill(1)]) expect(encoder.fitsText(ids)).toBe(false);
  });

  it('computes nothing when there is nothing to compute', async () => {
    expect(await encoder.encodeImages([])).toEqual([]);
    expect(await encoder.encodeTexts([])).toEqual([]);
    expect(tiny.shapes).toEqual([]);
  });

  it('warms up at the largest and the smallest run of every length', async () => {
    await encoder.warmUp();
    expect(tiny.shapes.map(({ graph, dims }) => [graph, ...(dims.pixels ?? dims.input_ids ?? []).slice(0, 2)])).toEqual([
      ['image', 4, 8],
      ['text', 4, 8],
      ['text', 4, 12],
      ['image', 1, 8],
      ['text', 1, 8],
      ['text', 1, 12],
    ]);
  });
});

describe('the fusion model', () => {
  it('labels from both modalities or either, in the order of its inputs', async () => {
    const [picture, title] = [await image(1), await text([1, 4, 9, 2])];
    const [both, imageOnly, nothing, textOnly] = await fusion.fuse([
      { image: picture, text: title },
      { image: picture },
      {},
      { text: title },
    ]);
    expect(nothing).toBeUndefined();
    expect(both!.labels.map(({ task }) => task)).toEqual(['articleType', 'baseColour']);
    expect(both!.imageTextMatch).toBeGreaterThanOrEqual(-1);
    for (const label of imageOnly!.labels) expect([label.imageWeight, label.textWeight]).toEqual([1, 0]);
    for (const label of textOnly!.labels) expect([label.imageWeight, label.textWeight]).toEqual([0, 1]);
    expect(imageOnly).not.toHaveProperty('imageTextMatch');
    expect(textOnly!.labels[0]!.abstained).toBe(true);
  });

  it('gives a listing the same prediction alone and padded among others', async () => {
    const inputs: FusionInput[] = [];
    for (const seed of [1, 2, 3]) inputs.push({ image: await image(seed), text: await text([1, ...new Array(seed).fill(4 + seed), 2]) });
    const together = await fusion.fuse(inputs);
    expect(tiny.shapes.filter(({ graph }) => graph === 'fusion').map(({ dims }) => dims.text_tokens)).toEqual([
      [2, 8, 8],
      [1, 8, 8],
    ]);
    for (const [at, input] of inputs.entries()) {
      const [alone] = await fusion.fuse([input]);
      expect(together[at]!.labels.map(({ label }) => label)).toEqual(alone!.labels.map(({ label }) => label));
      together[at]!.labels.forEach(({ confidence }, task) => {
        expect(confidence).toBeCloseTo(alone!.labels[task]!.confidence, 5);
      });
    }
  });

  it('gives an embedding of length one', async () => {
    const [prediction] = await fusion.fuse([{ image: await image(3) }]);
    expect(Math.hypot(...prediction!.embedding)).toBeCloseTo(1, 6);
  });

  it('gives no prediction for the one listing whose scores are not finite', async () => {
    const broken = { ...(await image(1)) };
    const tokens = broken.tokens.slice().fill(0x7e00);
    const [bad, good] = await fusion.fuse([{ image: { ...broken, tokens } }, { image: await image(2) }]);
    expect(bad).toBeUndefined();
    expect(good).toBeDefined();
  });

  /** The tiny head with a threshold on the match of image and text. */
  const withThreshold = (threshold: number) => {
    const match = { threshold, falseAlarms: 0, found: 1, foundAt2Percent: 1, auroc: 1 };
    const bundle = { ...tiny.fusion, manifest: { ...tiny.fusion.manifest, match } };
    return createFusionModel(bundle, tiny.encoder, { inference: tiny.inference, maxRunSize: 4 });
  };

  it('labels a listing whose text does not fit from its image alone, as if it had no text', async () => {
    const [picture, title] = [await image(1), await text([1, 4, 9, 2])];
    const [alone, both] = await fusion.fuse([{ image: picture }, { image: picture, text: title }]);
    const match = both!.imageTextMatch!;
    expect(both!.mismatched).toBe(false);
    const [flagged, genuine] = [
      (await withThreshold(match + 1e-6).fuse([{ image: picture, text: title }]))[0],
      (await withThreshold(match).fuse([{ image: picture, text: title }]))[0],
    ];
    expect(flagged).toEqual({ ...alone, imageTextMatch: match, mismatched: true });
    expect(genuine).toEqual(both);
  });

  it('flags only the listing whose text does not fit, and none that lacks a modality', async () => {
    const [picture, title] = [await image(1), await text([1, 4, 9, 2])];
    const opposite = { ...title, embedding: picture.embedding.map((value) => -value) };
    const same = { ...title, embedding: picture.embedding };
    const results = await withThreshold(0).fuse([
      { image: picture, text: opposite },
      { image: picture, text: same },
      { image: picture },
      { text: title },
    ]);
    expect(results.map((each) => each?.mismatched)).toEqual([true, false, false, false]);
  });

  it('warms up with both modalities, however high the threshold is', async () => {
    await withThreshold(0.99).warmUp();
    const complete = tiny.shapes.filter(({ dims }) => (dims.image_tokens?.[1] ?? 0) > 1 && (dims.text_tokens?.[1] ?? 0) > 1);
    expect(complete.map(({ dims }) => [dims.text_tokens?.[0], dims.text_tokens?.[1]])).toEqual([
      [4, 8],
      [4, 12],
      [1, 8],
      [1, 12],
    ]);
  });

  it('fails when the graph lacks an output', async () => {
    const run: Inference['run'] = async (graph, inputs) => {
      const { outputs, runMs } = await tiny.inference.run(graph, inputs);
      const { embedding: _, ...others } = outputs;
      return { outputs: others, runMs };
    };
    const lacking = createFusionModel(tiny.fusion, tiny.encoder, { inference: { run }, maxRunSize: 4 });
    await expect(lacking.fuse([{ image: await image(1) }])).rejects.toMatchObject({ code: 'STAGE_FAILED' });
  });
});

describe('the predictor', () => {
  it('gives what encoder and fusion give one after the other', async () => {
    const predictor = createPredictor({ encoderBundle: tiny.encoder, fusionBundle: tiny.fusion, inference: tiny.inference, maxRunSize: 4 });
    const predictions = await predictor.predict([
      { pixels: pixelsOf(1), tokenIds: [1, 4, 2] },
      { tokenIds: [1, 5, 2] },
      { pixels: pixelsOf(2) },
      {},
    ]);
    const expected = await fusion.fuse([
      { image: await image(1), text: await text([1, 4, 2]) },
      { text: await text([1, 5, 2]) },
      { image: await image(2) },
      {},
    ]);
    expect(predictions).toEqual(expected);
  });
});
