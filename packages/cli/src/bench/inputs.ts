import { createHash } from 'node:crypto';
import type { PreprocessSpec, TextSpec } from '@labelstream/shared/bundle/manifest';

/** Tokens of a real title, special ones included: eight to twelve, ten on average. */
export const TITLE_TOKENS = [8, 9, 10, 10, 10, 10, 11, 12] as const;

/** Pixels that differ for every `index`; what they show does not matter to the time they take. */
export function randomPixels({ width, height, channels }: PreprocessSpec, index: number): Uint8Array {
  const pixels = new Uint8Array(width * height * channels);
  const noise = createHash('sha512').update(`pixels ${index}`).digest();
  for (let at = 0; at < pixels.length; at += noise.length) pixels.set(noise.subarray(0, pixels.length - at), at);
  return pixels;
}

/** Token ids of the length of a real title, between begin and end token. */
export function randomIds({ vocabularySize, beginTokenId, endTokenId, contextLength }: TextSpec, index: number): number[] {
  const length = Math.min(contextLength, TITLE_TOKENS[index % TITLE_TOKENS.length] ?? 10);
  const words = Array.from({ length: length - 2 }, (_, i) => (index * 7919 + i * 104729) % vocabularySize);
  return [beginTokenId, ...words, endTokenId];
}

/** A content hash that no other index has, so that nothing is found in the cache. */
export const uniqueHash = (what: string, index: number) => createHash('sha256').update(`${what} ${index}`).digest('hex');
