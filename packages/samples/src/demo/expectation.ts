/** What should become of an event of the demo, in the words of the pipeline's records, drop reasons and error codes. */

/** State of a modality on the label record. */
export type ExpectedModality = 'USED' | 'MISSING' | 'PENDING' | 'FAILED';

/** Why a listing's image is FAILED or PENDING. */
export type ExpectedImageReason = 'IMAGE_NOT_AN_IMAGE' | 'IMAGE_NOT_DECODABLE' | 'IMAGE_NOT_FOUND';

/** Code of a dead letter. */
export type ExpectedDeadLetter = 'EVENT_NOT_DECODABLE' | 'EVENT_NO_PRODUCT_ID' | 'EVENT_UNKNOWN_OP' | 'EVENT_EMPTY';

export type Expectation =
  | {
      readonly outcome: 'labelled';
      /** State when all is done. */
      readonly image: ExpectedModality;
      readonly text: ExpectedModality;
      /** State on the first label record, where it differs: an image that arrives late is PENDING first. */
      readonly firstImage?: 'PENDING';
      readonly imageReason?: ExpectedImageReason;
    }
  | { readonly outcome: 'tombstone' }
  | { readonly outcome: 'dropped'; readonly reason: 'STALE_VERSION' }
  | { readonly outcome: 'deadLetter'; readonly code: ExpectedDeadLetter };

/** Labelled from whatever is there. */
export const labelled = (image: ExpectedModality, text: ExpectedModality, imageReason?: ExpectedImageReason): Expectation => ({
  outcome: 'labelled',
  image,
  text,
  ...(imageReason === undefined ? {} : { imageReason }),
});

/** Labelled from its text at once and again from both when the image has arrived. */
export const LABELLED_TWICE: Expectation = {
  outcome: 'labelled',
  image: 'USED',
  text: 'USED',
  firstImage: 'PENDING',
  imageReason: 'IMAGE_NOT_FOUND',
};
export const TOMBSTONE: Expectation = { outcome: 'tombstone' };
export const DROPPED_STALE: Expectation = { outcome: 'dropped', reason: 'STALE_VERSION' };
export const deadLettered = (code: ExpectedDeadLetter): Expectation => ({ outcome: 'deadLetter', code });
