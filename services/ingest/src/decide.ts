import type { ErrorCode } from '@labelstream/shared/errors';
import type { ModalityRef } from '@labelstream/shared/events/records';
import type { FoundImage } from './find-images.js';

/**
 * What is to become of a listing. `retry`: its image is to be asked for again later.
 * A listing that waits for its image is deferred when nothing new can be said of it: without a text to label it from, or when its text has
 * gone on with the first pass. An image that never came is a
 * dead letter; with `image` the listing goes on all the same, so that its labels no longer promise one.
 */
export type Decision =
  | { readonly kind: 'emit'; readonly image: ModalityRef; readonly retry: boolean }
  | { readonly kind: 'defer'; readonly reason: ErrorCode }
  | { readonly kind: 'deadLetter'; readonly code: ErrorCode; readonly detail: string; readonly image?: ModalityRef };

export interface Situation {
  readonly image: Pick<FoundImage, 'ref' | 'detail'>;
  readonly text: ModalityRef;
  /** Attempts made for the image before this one. */
  readonly attempt: number;
  /** Retries that are planned for an image. */
  readonly maxRetries: number;
}

/** Label now, refine later: the text goes on whatever the image does, and an image that may come is asked for again. */
export function decide(situation: Situation): Decision {
  const { image, text } = situation;
  const reason = image.ref.reason as ErrorCode | undefined;
  if (image.ref.state === 'PENDING' && reason !== undefined) return decidePending(situation, reason);
  if (text.state === 'USED' || image.ref.state === 'USED') return { kind: 'emit', image: image.ref, retry: false };
  if (reason !== undefined) return { kind: 'deadLetter', code: reason, detail: image.detail ?? '' };
  if (text.state === 'FAILED') return { kind: 'deadLetter', code: 'TEXT_TOO_LARGE', detail: 'the text is too large and there is no image' };
  return { kind: 'deadLetter', code: 'EVENT_EMPTY', detail: 'there is neither a text nor an image' };
}

function decidePending({ image, text, attempt, maxRetries }: Situation, reason: ErrorCode): Decision {
  const hasText = text.state === 'USED';
  const isFirstPass = attempt === 0;
  if (attempt < maxRetries) return hasText && isFirstPass ? { kind: 'emit', image: image.ref, retry: true } : { kind: 'defer', reason };
  const given: ModalityRef = { state: 'FAILED', reason };
  if (hasText && isFirstPass) return { kind: 'emit', image: given, retry: false };
  return { kind: 'deadLetter', code: reason, detail: image.detail ?? '', ...(hasText ? { image: given } : {}) };
}
