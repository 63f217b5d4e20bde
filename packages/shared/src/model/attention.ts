import type { Bundle, EncoderManifest, FusionManifest } from '../bundle/manifest.js';
import { LabelstreamError } from '../errors.js';
import type { Tensor } from '../ports/inference.js';
import type { TokenSequence } from '../tensor/token-sequence.js';
import { floats, type ModelOptions } from './encoder-model.js';
import { stackRows } from './fusion-model.js';
import { headInput } from './head-input.js';

/** What a text token takes from the image, averaged over the attention's heads. */
export interface TokenAttention {
  /** Share of its attention per patch, row by row; the rest goes to the image's class token and to the text. */
  readonly patches: Float32Array;
  /** Share of its attention that goes to the image, class token included. */
  readonly imageShare: number;
}

/** The text→image attention of a head. */
export interface AttentionModel {
  /** One entry per text token, special ones included. Throws STAGE_FAILED when the graph does not give what its manifest says. */
  attend(image: TokenSequence, text: TokenSequence): Promise<readonly TokenAttention[]>;
}

/**
 * Builds the attention of a verified bundle over its opened graph. `encoder` is the bundle it requires. Throws BUNDLE_INVALID where the
 * manifest has no `graph.attention`.
 */
export function createAttentionModel(
  { id, manifest }: Bundle<FusionManifest>,
  { manifest: encoder }: Bundle<EncoderManifest>,
  { inference }: Pick<ModelOptions, 'inference'>,
): AttentionModel {
  if (manifest.graph.attention === undefined) throw new LabelstreamError('BUNDLE_INVALID', `${id} does not tell its attention`);
  const head = headInput(manifest.graph.reads ?? 'tokens', encoder);
  return {
    attend: async (image, text) => {
      const row = { image, text, imageLength: image.count, textLength: text.count };
      const { outputs } = await inference.run('fusion', stackRows([row], head), ['attention']);
      return readTokens(floats(outputs, 'attention'), outputs.attention?.dims ?? [], row);
    },
  };
}

interface Lengths {
  readonly imageLength: number;
  readonly textLength: number;
}

/** [1, heads, N, N], image tokens first, the class token the first of them. */
function readTokens(values: Float32Array, dims: Tensor['dims'], { imageLength, textLength }: Lengths): TokenAttention[] {
  const [, heads = 0, all = 0] = dims;
  if (all !== imageLength + textLength || values.length !== heads * all * all) {
    throw new LabelstreamError('STAGE_FAILED', `the attention is [${dims}], for ${imageLength} image and ${textLength} text tokens`);
  }
  return Array.from({ length: textLength }, (_, token) => {
    const taken = new Float32Array(imageLength);
    for (let head = 0; head < heads; head++) {
      const start = (head * all + imageLength + token) * all;
      for (let at = 0; at < imageLength; at++) taken[at] = (taken[at] as number) + (values[start + at] as number) / heads;
    }
    return { patches: taken.subarray(1), imageShare: taken.reduce((sum, share) => sum + share, 0) };
  });
}
