import { createHash } from 'node:crypto';
import { createCodecs } from '../../src/events/codecs.js';
import type { EncodedListing } from '../../src/events/records.js';
import type { BlockCodec } from '../../src/ports/block-codec.js';
import { type Content, listingFields } from '../fixtures/listings.js';

export const ENCODER_ID = 'tiny@0123456789ab';
const { encoded: LISTING_CODEC } = await createCodecs();

export { LISTING_CODEC };

/** Packs nothing, and says so. */
export const plainCodec: BlockCodec = {
  name: 'null',
  compress: (bytes) => bytes,
  decompress: (bytes) => bytes,
};

export const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** A sequence of `sizeBytes` bytes that only this content has. */
export const sequenceOf = (modality: 'image' | 'text', name: string, sizeBytes = 64) => ({
  modality,
  sha256: hashOf(name),
  value: new Uint8Array(sizeBytes).fill(name.length + (name.codePointAt(0) ?? 0)),
});

export const encodedListing = (productId: string, content: Content, over: Partial<EncodedListing> = {}): EncodedListing => ({
  ...listingFields(productId, content),
  encoderId: ENCODER_ID,
  ...over,
});
