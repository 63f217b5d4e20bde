import { createHash } from 'node:crypto';
import type { Listing } from '@labelstream/shared/events/product-event';
import type { ModalityRef } from '@labelstream/shared/events/records';
import { chooseText } from './choose.js';
import type { EncodeText } from './truncate.js';

/** A listing's text as a model input. */
export interface PreparedText {
  readonly ref: ModalityRef;
  /** Empty unless the text is USED. */
  readonly tokenIds: readonly number[];
}

const MISSING: PreparedText = { ref: { state: 'MISSING' }, tokenIds: [] };
const TOO_LARGE: PreparedText = { ref: { state: 'FAILED', reason: 'TEXT_TOO_LARGE' }, tokenIds: [] };

/** Chooses, checks and encodes the text of a listing; `encode` truncates. */
export function prepareText(
  listing: Listing,
  { encode, maxBytes }: { readonly encode: EncodeText; readonly maxBytes: number },
): PreparedText {
  const text = chooseText(listing);
  if (text === '') return MISSING;
  const bytes = Buffer.from(text);
  if (bytes.length > maxBytes) return TOO_LARGE;
  return { ref: { state: 'USED', sha256: createHash('sha256').update(bytes).digest('hex') }, tokenIds: encode(text) };
}
