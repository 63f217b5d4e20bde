import type { PatchGrid } from '@labelstream/shared/bundle/manifest';
import type { TokenAttention } from '@labelstream/shared/model/attention';
import { cosine } from '@labelstream/shared/tensor/math';
import type { TokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { lifts, type MapScale } from './intensity.js';
import type { LocalModel } from './model.js';
import { coverPatch, occlusionGrid } from './occlusion.js';
import type { Word } from './words.js';

/** How the maps are made: what the head looks at, or what the encoder misses when it is covered. */
export type Method = 'attention' | 'occlusion';

/** A word's map. */
export interface WordMap {
  readonly word: string;
  /** Tokens that the model reads it as. */
  readonly tokens: number;
  /** attention: share of it that goes to the image; occlusion: cosine of the picture with the word alone. */
  readonly share: number;
  /** Per patch, row by row. attention: times an even spread over the picture; occlusion: by how much covering it lowers the cosine. */
  readonly map: Float32Array;
}

/** The maps of a text's words over one picture. */
export interface Maps {
  readonly method: Method;
  /** Where in the head the attention comes from; absent for occlusion. */
  readonly source?: string;
  readonly grid: PatchGrid;
  readonly scale: MapScale;
  readonly words: readonly WordMap[];
}

/** Below twice an even spread, and below a cosine of 0.05, there is little to tell from noise. */
const ATTENTION_SCALE: MapScale = { base: 1, leastTop: 2 };
const OCCLUSION_SCALE: MapScale = { base: 0, leastTop: 0.05 };

/** Maps of what each word's tokens take from the picture in the head. The bundle must tell its attention. */
export async function attentionMaps(
  { attention, fusion }: LocalModel,
  words: readonly Word[],
  { image, text }: { readonly image: TokenSequence; readonly text: TokenSequence },
): Promise<Maps | undefined> {
  const spec = fusion.manifest.graph.attention;
  if (attention === undefined || spec === undefined) return undefined;
  const { source, ...grid } = spec;
  const tokens = await attention.attend(image, text);
  const maps = words.filter(isRead).map(({ word, from, to }): WordMap => {
    const own = tokens.slice(from, to);
    return {
      word,
      tokens: own.length,
      share: own.reduce((sum, { imageShare }) => sum + imageShare, 0) / own.length,
      map: lifts(meanOf(own)),
    };
  });
  return { method: 'attention', source, grid, scale: ATTENTION_SCALE, words: maps };
}

function meanOf(tokens: readonly TokenAttention[]): Float32Array {
  const sum = new Float32Array(tokens[0]?.patches.length ?? 0);
  for (const { patches } of tokens) for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (patches[at] as number);
  return sum.map((value) => value / tokens.length);
}

/**
 * Maps of where the picture has what each word names, by the CLIP embeddings alone: each patch is covered with the background in turn, and
 * the map is by how much the cosine with the word, read on its own, falls. One run of the image tower per patch.
 */
export async function occlusionMaps(
  { encoder, encodeImages, encodeTexts, preparation }: LocalModel,
  words: readonly Word[],
  pixels: Uint8Array,
): Promise<Maps> {
  const { preprocess } = encoder.manifest;
  const grid = occlusionGrid(preprocess);
  const covered = Array.from({ length: grid.columns * grid.rows }, (_, patch) => coverPatch(pixels, patch, grid, preprocess));
  const [whole, ...parts] = await encodeImages([pixels, ...covered]);
  const read = words.filter(isRead);
  const alone = read.map(({ word }) => preparation.text({ title: word, attributes: {}, images: [] }).tokenIds);
  const texts = await encodeTexts(alone);
  const maps = read.map(({ word, from, to }, at): WordMap => {
    const cosineOf = (image: TokenSequence | undefined) => match(image, texts[at]);
    const share = cosineOf(whole);
    return { word, tokens: to - from, share, map: Float32Array.from(parts, (part) => share - cosineOf(part)) };
  });
  return { method: 'occlusion', grid, scale: OCCLUSION_SCALE, words: maps };
}

const isRead = ({ from, to }: Word) => to > from;

function match(image: TokenSequence | undefined, text: TokenSequence | undefined): number {
  return image === undefined || text === undefined ? 0 : cosine(image.embedding, text.embedding);
}
