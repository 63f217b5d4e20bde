import { LabelstreamError } from '../errors.js';
import type { ImageSource } from '../ports/image-source.js';
import { describeUri } from './describe-uri.js';

/** URI schemes that an image may have. */
export type ImageScheme = 'data' | 'file' | 'http' | 'https' | 's3';

/** The scheme of a URI in lower case, or undefined when it has none or one that Labelstream does not know. */
export function schemeOf(uri: string): ImageScheme | undefined {
  return /^(data|file|https?|s3):/i.exec(uri)?.[1]?.toLowerCase() as ImageScheme | undefined;
}

/** Hands each image to the source of its URI's scheme. */
export function createImageSourceByScheme(sources: Readonly<Record<ImageScheme, ImageSource>>): ImageSource {
  return {
    async fetch(ref, signal) {
      const scheme = schemeOf(ref.uri);
      if (scheme !== undefined) return sources[scheme].fetch(ref, signal);
      throw new LabelstreamError('IMAGE_URI_INVALID', `no image scheme that is known: ${describeUri(ref.uri)}`);
    },
  };
}
