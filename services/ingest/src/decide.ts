import type { ErrorCode } from '@labelstream/shared/errors';
import type { ModalityRef } from '@labelstream/shared/events/records';
import type { FoundImage } from './find-images.js';

/**
 * What is to become of a listing. `retry`: its image is to be asked for again later.
 * A listing that waits for its image without a text to label it from is deferred; nothing of it goes on yet.
 */
export type Decision =
  | { readonly kind: 'emit'; readonly image: ModalityRef; readonly retry: boolean }
  | { readonly kind: 'defer'; readonly reason: ErrorCode }
  | { readonly kind: 'deadLetter'; readonly code: ErrorCode; readonly detail: string };

export interface Situation {
  readonly image: FoundImage;
  readonly text: ModalityRef;
  /** Attempts made for the image before this one. */
  readonly attempt: number;
  /** Retries that are planned for an image. */
  readonly maxRetries: number;
}

/** Label now, refine later: the text goes on whatever the image does, and an image that may come is asked for again. */
export function decide({ image, text, attempt, maxRetries }: Situation): Decision {
  const hasText = text.state === 'USED';
  const reason = image.ref.reason as ErrorCode | undefined;
  const detail = image.detail ?? '';
  if (image.ref.state === 'PENDING' && reason !== undefined) {
    if (attempt < maxRetries) return hasText ? { kind: 'emit', image: image.ref, retry: true } : { kind: 'defer', reason };
    // The text-only labels are out since the first pass and stay; this message is only about the image, which never came.
    if (attempt > 0 || !hasText) return { kind: 'deadLetter', code: reason, detail };
    return { kind: 'emit', image: { state: 'FAILED', reason }, retry: false };
  }
  if (hasText || image.ref.state === 'USED') return { kind: 'emit', image: image.ref, retry: false };
  if (reason !== undefined) return { kind: 'deadLetter', code: reason, detail };
  if (text.state === 'FAILED') return { kind: 'deadLetter', code: 'TEXT_TOO_LARGE', detail: 'the text is too large and there is no image' };
  return { kind: 'deadLetter', code: 'EVENT_EMPTY', detail: 'there is neither a text nor an image' };
}
