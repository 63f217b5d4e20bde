import type { ImageRef } from '../events/product-event.js';

/** Fetches the bytes of an image, from one kind of place. */
export interface ImageSource {
  /**
   * The image's bytes, at most the configured limit. Throws IMAGE_URI_INVALID, IMAGE_URI_FORBIDDEN, IMAGE_NOT_FOUND, IMAGE_ACCESS_DENIED,
   * IMAGE_TOO_LARGE, or IMAGE_FETCH_FAILED.
   */
  fetch(ref: ImageRef, signal?: AbortSignal): Promise<Uint8Array>;
}
