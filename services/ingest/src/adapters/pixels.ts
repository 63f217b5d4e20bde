import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import sharp from 'sharp';
import { placeContained } from '../image/placement.js';

// One image is one thread's work, and no image comes twice: neither libvips' threads nor its cache would help.
sharp.concurrency(1);
sharp.cache(false);

const DECODE_TIMEOUT_SECONDS = 20;

/** Encoded image bytes → uint8 [height, width, 3]. Throws IMAGE_TOO_MANY_PIXELS or IMAGE_NOT_DECODABLE. */
export type DecodePixels = (bytes: Uint8Array) => Promise<Uint8Array>;

/**
 * Preprocesses images as the encoder's manifest says: EXIF orientation, first frame, sRGB, alpha flattened, scaled to fit and centred. The
 * same libvips steps as in training, bit by bit the same pixels for 8-bit images.
 */
export function createPixelDecoder(spec: PreprocessSpec, { maxPixels }: { readonly maxPixels: number }): DecodePixels {
  return async (bytes) => {
    try {
      return await decode(bytes, spec, maxPixels);
    } catch (error) {
      if (isLabelstreamError(error)) throw error;
      throw new LabelstreamError('IMAGE_NOT_DECODABLE', describeError(error).replaceAll('\n', ' '), { cause: error });
    }
  };
}

async function decode(bytes: Uint8Array, spec: PreprocessSpec, maxPixels: number): Promise<Uint8Array> {
  const { width, height } = await uprightSize(bytes, maxPixels);
  const place = placeContained(width, height, spec);
  const [red, green, blue] = spec.background;
  const background = { r: red, g: green, b: blue };
  const { data, info } = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true })
    // Cutting out the whole image keeps sharp from letting the JPEG and WebP decoders shrink, which training does not do.
    .extract({ left: 0, top: 0, width, height })
    .flatten({ background })
    .resize(place.width, place.height, { fit: 'fill', kernel: spec.kernel })
    .extend({ left: place.left, top: place.top, right: place.right, bottom: place.bottom, background })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .timeout({ seconds: DECODE_TIMEOUT_SECONDS })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== spec.channels) throw new Error(`decoded to ${info.channels} channels`);
  return data;
}

/** Reads the header only, so that a bomb is refused before a pixel of it is unpacked. */
async function uprightSize(bytes: Uint8Array, maxPixels: number): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
  const { width, height } = autoOrient;
  if (width * height <= maxPixels) return { width, height };
  throw new LabelstreamError('IMAGE_TOO_MANY_PIXELS', `${width} x ${height} pixels are more than ${maxPixels}`);
}
