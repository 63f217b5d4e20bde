import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import sharp, { type Sharp } from 'sharp';
import { enlarge, isEnlarged, neededPart, type Part } from '../image/enlarge.js';
import { cutCovering, placeContained } from '../image/placement.js';

// One image is one thread's work, and no image comes twice: neither libvips' threads nor its cache would help.
sharp.concurrency(1);
sharp.cache(false);

const DECODE_TIMEOUT_SECONDS = 20;
const CHANNELS = 3;

/** Encoded image bytes → uint8 [height, width, 3]. Throws IMAGE_TOO_MANY_PIXELS or IMAGE_NOT_DECODABLE. */
export type DecodePixels = (bytes: Uint8Array) => Promise<Uint8Array>;

/**
 * Preprocesses images as the encoder's manifest says: EXIF orientation, first frame, sRGB, alpha flattened, scaled and placed. The
 * same libvips steps as in training, bit by bit the same pixels for 8-bit images; with `cover`, what Pillow makes for CLIP, nearly.
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
  const size = await uprightSize(bytes, maxPixels);
  const [r, g, b] = spec.background;
  /** The upright part of the image without transparency. Cutting it out keeps sharp from letting the JPEG and WebP decoders shrink, which training does not do. */
  const cut = (part: Part) =>
    sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true }).extract(part).flatten({ background: { r, g, b } });
  return spec.fit === 'cover' ? cover(cut, size, spec) : contain(cut({ left: 0, top: 0, ...size }), size, spec);
}

type Size = Pick<Part, 'width' | 'height'>;

/** Scales the image to fit inside the model's size and pads it. */
function contain(image: Sharp, size: Size, spec: PreprocessSpec): Promise<Uint8Array> {
  const [r, g, b] = spec.background;
  const { left, top, right, bottom, width, height } = placeContained(size.width, size.height, spec);
  const scaled = image.resize(width, height, { fit: 'fill', kernel: spec.kernel });
  return unpack(scaled.extend({ left, top, right, bottom, background: { r, g, b } }));
}

/** Scales the image to cover the model's size and cuts off the rest. */
async function cover(cut: (part: Part) => Sharp, size: Size, spec: PreprocessSpec): Promise<Uint8Array> {
  const cutting = cutCovering(size.width, size.height, spec);
  if (isEnlarged(cutting, size.width, size.height)) {
    const part = neededPart(size, cutting, spec);
    return enlarge({ ...part, data: await unpack(cut(part)) }, size, cutting, spec);
  }
  const { left, top, width, height } = cutting;
  const scaled = cut({ left: 0, top: 0, ...size }).resize(width, height, { fit: 'fill', kernel: spec.kernel });
  return unpack(scaled.extract({ left, top, width: spec.width, height: spec.height }));
}

/** uint8 [height, width, 3] of what the steps so far make. */
async function unpack(image: Sharp): Promise<Uint8Array> {
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .timeout({ seconds: DECODE_TIMEOUT_SECONDS })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== CHANNELS) throw new Error(`decoded to ${info.channels} channels`);
  return data;
}

/** Reads the header only, so that a bomb is refused before a pixel of it is unpacked. */
async function uprightSize(bytes: Uint8Array, maxPixels: number): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
  const { width, height } = autoOrient;
  if (width * height <= maxPixels) return { width, height };
  throw new LabelstreamError('IMAGE_TOO_MANY_PIXELS', `${width} x ${height} pixels are more than ${maxPixels}`);
}
