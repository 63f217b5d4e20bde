import type { MatchSpec } from '../bundle/manifest.js';
import { allFinite, cosine } from '../tensor/math.js';
import type { TokenSequence } from '../tensor/token-sequence.js';

type Embedded = Pick<TokenSequence, 'embedding'>;

/** Whether the image and the text of a listing belong together. */
export interface MatchVerdict {
  /** Cosine of the two CLIP embeddings, where both modalities are there. */
  readonly imageTextMatch?: number;
  /** The cosine is below the bundle's threshold; never so where the bundle has none. */
  readonly mismatched: boolean;
}

/** Judges a listing by the `match` of its fusion bundle. */
export function judgeMatch(image: Embedded | undefined, text: Embedded | undefined, spec: MatchSpec | undefined): MatchVerdict {
  if (image === undefined || text === undefined) return { mismatched: false };
  const imageTextMatch = cosine(image.embedding, text.embedding);
  return { imageTextMatch, mismatched: spec !== undefined && imageTextMatch < spec.threshold };
}

/**
 * Position of the image that fits the text best, as DALL-E orders its drawings by CLIP (2102.12092); the first of equals, and the first where
 * there is no text. -1 without an image.
 */
export function bestImage(images: readonly Embedded[], text: Embedded | undefined): number {
  if (text === undefined) return images.length === 0 ? -1 : 0;
  // One that is not finite fits nothing.
  const matches = images.map(({ embedding }) => (allFinite(embedding) ? cosine(embedding, text.embedding) : -2));
  return matches.indexOf(Math.max(...matches));
}
