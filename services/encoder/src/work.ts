import { cacheKeys } from '@labelstream/shared/events/keys';
import type { PreparedListing } from '@labelstream/shared/events/records';
import type { Received } from '@labelstream/shared/stream/received';

/** What a micro-batch needs computed, each content once. */
export interface Work {
  /** Where the pixels lie, by the key of the image's token sequence. */
  readonly pixelKeys: ReadonlyMap<string, string>;
  /** Token ids by the key of the text's token sequence. */
  readonly tokenIds: ReadonlyMap<string, readonly number[]>;
  /** Mentions of images and texts, repeated ones included. */
  readonly mentions: { readonly image: number; readonly text: number };
}

/** The content hashes of a listing's images, the first and its further candidates; empty when it has no image to encode. */
function imagesOf({ image, candidates, op }: PreparedListing): string[] {
  const has = op === 'UPSERT' && image.state === 'USED' && image.sha256 !== undefined;
  return has ? [image.sha256, ...candidates.map(({ sha256 }) => sha256)] : [];
}

/** The keys of the tokens of a listing's images, the first one's first. */
export const imageKeys = (record: PreparedListing, encoderId: string): string[] =>
  imagesOf(record).map((sha256) => cacheKeys.imageTokens(encoderId, sha256));

/** The key of a listing's text tokens; undefined when it has no text to encode. */
export function textKey({ text, op }: PreparedListing, encoderId: string): string | undefined {
  return op === 'UPSERT' && text.state === 'USED' && text.sha256 !== undefined ? cacheKeys.textTokens(encoderId, text.sha256) : undefined;
}

/** The content hash in a key of token sequences. */
export const sha256Of = (key: string): string => key.slice(key.lastIndexOf(':') + 1);

/** Lists the contents of a micro-batch, each once. */
export function listWork(received: readonly Received<PreparedListing>[], encoderId: string): Work {
  const pixelKeys = new Map<string, string>();
  const tokenIds = new Map<string, readonly number[]>();
  const mentions = { image: 0, text: 0 };
  for (const { record: listing } of received) {
    for (const sha256 of imagesOf(listing)) {
      mentions.image++;
      pixelKeys.set(cacheKeys.imageTokens(encoderId, sha256), cacheKeys.pixels(listing.preprocessId, sha256));
    }
    const text = textKey(listing, encoderId);
    if (text !== undefined) {
      mentions.text++;
      tokenIds.set(text, listing.tokenIds);
    }
  }
  return { pixelKeys, tokenIds, mentions };
}

/** The work that is left when the cache already has the sequences under `known`. */
export function withoutKnown({ pixelKeys, tokenIds, mentions }: Work, known: ReadonlySet<string>): Work {
  const rest = <V>(map: ReadonlyMap<string, V>) => new Map([...map].filter(([key]) => !known.has(key)));
  return { pixelKeys: rest(pixelKeys), tokenIds: rest(tokenIds), mentions };
}
