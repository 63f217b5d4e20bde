import type { EncoderManifest, HeadReads } from '../bundle/manifest.js';
import { type TokenWidths, tokenWidths } from '../bundle/token-widths.js';
import { type TokenSequence, unpackTokens } from '../tensor/token-sequence.js';

/** How the token sequences of the towers become the sequences that a head is given. */
export interface HeadInput {
  /** Values per token, per modality. */
  readonly widths: TokenWidths;
  /** Tokens of a sequence. */
  count(sequence: TokenSequence): number;
  /** Writes [count, width of its modality] fp32 into `target` from `offset` (in values) on. */
  write(sequence: TokenSequence, target: Float32Array, offset: number): void;
}

/** The input of heads that read `reads` of this encoder. */
export function headInput(reads: HeadReads, { tokenWidth, embeddingWidth }: EncoderManifest): HeadInput {
  if (reads === 'tokens') return { widths: tokenWidths(tokenWidth), count: ({ count }) => count, write: unpackTokens };
  return { widths: tokenWidths(embeddingWidth), count: () => 1, write: ({ embedding }, target, offset) => target.set(embedding, offset) };
}
