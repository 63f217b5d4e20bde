import type { DecodingSpec } from '../bundle/manifest.js';
import { allFinite, softmax } from '../tensor/math.js';

/** A title, not even a guess that is worth showing, or logits that were NaN or infinite. */
export type Caption =
  | { readonly kind: 'title'; readonly text: string; readonly tokenConfidence: number }
  | { readonly kind: 'unsure' }
  | { readonly kind: 'notFinite' };

/** The titles of a run while they grow, greedily, a token of each at a time. */
export interface Titles {
  /** Whether any of them goes on. */
  open(): boolean;
  /** The last token of each: what is asked for the next one. */
  last(): readonly number[];
  /** Logits of the next token, [rows, vocabulary]; those of a title that has ended are not looked at. */
  add(logits: Float32Array): void;
  /** What has become of them. */
  captions(): Caption[];
}

interface Title {
  readonly tokens: number[];
  /** Sum of the probabilities of the tokens, the end token included, and their number. */
  probability: number;
  count: number;
  state: 'open' | 'ended' | 'notFinite';
}

/** `rows` empty titles. */
export function createTitles(rows: number, decoding: DecodingSpec, vocabulary: readonly string[]): Titles {
  const { beginTokenId, endTokenId, maxTokens } = decoding;
  const titles = Array.from({ length: rows }, (): Title => ({ tokens: [], probability: 0, count: 0, state: 'open' }));

  const extend = (title: Title, logits: Float32Array) => {
    if (!allFinite(logits)) {
      title.state = 'notFinite';
      return;
    }
    const probabilities = softmax(logits, decoding.temperature);
    const token = likeliest(probabilities);
    title.probability += probabilities[token] ?? 0;
    title.count += 1;
    if (token !== endTokenId) title.tokens.push(token);
    if (token === endTokenId || title.count === maxTokens) title.state = 'ended';
  };
  return {
    open: () => titles.some(({ state }) => state === 'open'),
    last: () => titles.map(({ tokens, state }) => (state === 'open' ? (tokens.at(-1) ?? beginTokenId) : endTokenId)),
    add: (logits) =>
      titles.forEach((title, row) => {
        if (title.state === 'open') extend(title, logits.subarray(row * vocabulary.length, (row + 1) * vocabulary.length));
      }),
    captions: () =>
      titles.map(({ tokens, probability, count, state }): Caption => {
        if (state === 'notFinite') return { kind: 'notFinite' };
        const text = tokens
          .map((token) => vocabulary[token] ?? '')
          .join('')
          .trim();
        const tokenConfidence = Math.min(1, probability / count);
        return text === '' || tokenConfidence < decoding.minConfidence ? { kind: 'unsure' } : { kind: 'title', text, tokenConfidence };
      }),
  };
}

/** Place of the largest value, the first of equals. */
function likeliest(values: Float64Array): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] as number) > (values[best] as number)) best = at;
  return best;
}
