import type { Bundle, EncoderManifest } from '@labelstream/shared/bundle/manifest';
import { preprocessId } from '@labelstream/shared/bundle/preprocess-id';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { Listing } from '@labelstream/shared/events/product-event';
import { createPixelDecoder, type DecodePixels } from './adapters/pixels.js';
import { loadTokenizer } from './adapters/tokenizer.js';
import { imageFormat } from './image/format.js';
import { createGate } from './limit.js';
import { type PreparedText, prepareText } from './text/prepare.js';

/** Makes model inputs of listings as one encoder bundle wants them. */
export interface Preparation {
  readonly encoderId: string;
  readonly preprocessId: string;
  text(listing: Listing): PreparedText;
  /** Throws IMAGE_NOT_AN_IMAGE, IMAGE_TOO_MANY_PIXELS or IMAGE_NOT_DECODABLE. */
  readonly pixels: DecodePixels;
}

export interface PreparationLimits {
  readonly maxTextBytes: number;
  readonly maxPixels: number;
  /** Images decoded at the same time. */
  readonly decodeConcurrency: number;
}

/** Opens the tokeniser and preprocessing of a verified encoder bundle. Throws BUNDLE_INVALID. */
export async function openPreparation(encoder: Bundle<EncoderManifest>, limits: PreparationLimits): Promise<Preparation> {
  const encode = await loadTokenizer(encoder);
  const decode = createPixelDecoder(encoder.manifest.preprocess, limits);
  const gate = createGate(limits.decodeConcurrency);
  return {
    encoderId: encoder.id,
    preprocessId: preprocessId(encoder.manifest.preprocess),
    text: (listing) => prepareText(listing, { encode, maxBytes: limits.maxTextBytes }),
    async pixels(bytes) {
      if (imageFormat(bytes) !== undefined) return gate.run(() => decode(bytes));
      throw new LabelstreamError('IMAGE_NOT_AN_IMAGE', `${bytes.length} bytes of no accepted image format`);
    },
  };
}
