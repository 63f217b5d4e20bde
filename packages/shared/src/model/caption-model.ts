import type { Bundle, CaptionManifest, EncoderManifest } from '../bundle/manifest.js';
import type { Tensor } from '../ports/inference.js';
import { type TokenSequence, unpackTokens } from '../tensor/token-sequence.js';
import { computeInRuns, runSizes } from './buckets.js';
import { type Caption, createTitles } from './caption-titles.js';
import { floats, type ModelOptions } from './encoder-model.js';

/** Proposes titles from image tokens. */
export interface CaptionModel {
  /** One caption per image, in order. Throws STAGE_FAILED or INFERENCE_FAILED for all of them. */
  caption(images: readonly TokenSequence[]): Promise<Caption[]>;
  /** Runs the corner shapes once. */
  warmUp(): Promise<void>;
}

/** Keys and values, [rows, layers, heads, tokens, headWidth]. */
interface Kept {
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

/** Builds the decoder of a verified bundle over its opened graphs. `encoder` is the bundle it requires. */
export function createCaptionModel(
  { manifest }: Bundle<CaptionManifest>,
  { manifest: encoder }: Bundle<EncoderManifest>,
  { inference, maxRunSize, onRun }: ModelOptions,
): CaptionModel {
  const { cache, decoding, vocabulary, imageTokenWidth } = manifest;
  const run = async (graph: 'prefix' | 'step', rows: number, inputs: Parameters<typeof inference.run>[1]) => {
    const { outputs, runMs } = await inference.run(graph, inputs);
    onRun?.(graph, rows, runMs);
    return outputs;
  };
  /** What `layers` layers keep of so many tokens; the buffers go to the inference thread, so what is needed again has to be a copy. */
  const kept = (prefix: 'past' | 'cross', rows: number, layers: number, { keys, values }: Kept) => {
    const tokens = prefix === 'cross' ? cache.queries : keys.length / (rows * layers * cache.heads * cache.headWidth);
    const dims = [rows, layers, cache.heads, tokens, cache.headWidth];
    return { [`${prefix}_keys`]: fp32(dims, keys), [`${prefix}_values`]: fp32(dims, values) };
  };

  const captionRun = async (images: readonly TokenSequence[]): Promise<readonly Caption[]> => {
    const rows = images.length;
    const prefix = await run('prefix', rows, { image_tokens: stack(images, imageTokenWidth) });
    const cross: Kept = { keys: floats(prefix, 'cross_keys'), values: floats(prefix, 'cross_values') };
    const titles = createTitles(rows, decoding, vocabulary);
    let past: Kept = { keys: new Float32Array(0), values: new Float32Array(0) };
    while (titles.open()) {
      const outputs = await run('step', rows, {
        token_ids: { type: 'int64', dims: [rows, 1], data: BigInt64Array.from(titles.last(), BigInt) },
        ...kept('past', rows, cache.layers, past),
        ...kept('cross', rows, cache.crossLayers, { keys: cross.keys.slice(), values: cross.values.slice() }),
      });
      titles.add(floats(outputs, 'logits'));
      past = { keys: floats(outputs, 'present_keys'), values: floats(outputs, 'present_values') };
    }
    return titles.captions();
  };
  const caption: CaptionModel['caption'] = (images) => computeInRuns(images, { bucket: ({ count }) => count, maxRunSize }, captionRun);
  return {
    caption,
    warmUp: async () => {
      const { tokenCount } = encoder.towers.image;
      const tokens = new Uint16Array(tokenCount * imageTokenWidth);
      const image: TokenSequence = {
        count: tokenCount,
        width: imageTokenWidth,
        tokens,
        embedding: new Float32Array(encoder.embeddingWidth),
      };
      for (const rows of new Set([runSizes(maxRunSize).at(-1) ?? 1, 1])) await caption(new Array(rows).fill(image));
    },
  };
}

function fp32(dims: readonly number[], data: Float32Array): Tensor {
  return { type: 'float32', dims, data };
}

/** Images of one length as [rows, tokens, width]. */
function stack(images: readonly TokenSequence[], width: number): Tensor {
  const count = images[0]?.count ?? 0;
  const data = new Float32Array(images.length * count * width);
  images.forEach((image, row) => {
    unpackTokens(image, data, row * count * width);
  });
  return fp32([images.length, count, width], data);
}
