import { cutCovering, placeContained } from '@labelstream/ingest/image/placement';
import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import sharp, { type Sharp } from 'sharp';
import type { View } from './grid.js';
import type { Picture } from './heat.js';

/** The picture that is drawn on, and what of the model's picture it shows. */
export interface Backdrop {
  readonly picture: Picture;
  readonly view: View;
}

/** Greatest sides of a tile. */
const TILE_WIDTH = 240;
const TILE_HEIGHT = 320;

/** The listing's own picture, upright and as large as a tile: what the model saw of it and what it did not. */
export async function originalBackdrop(bytes: Uint8Array, spec: PreprocessSpec): Promise<Backdrop> {
  const { autoOrient } = await sharp(bytes).metadata();
  return { picture: await toTile(sharp(bytes, { autoOrient: true })), view: viewOf(autoOrient, spec) };
}

/** The model's picture, uint8 [H, W, 3], where the listing's own is not to be had. */
export async function modelBackdrop(pixels: Uint8Array, { width, height, channels }: PreprocessSpec): Promise<Backdrop> {
  return { picture: await toTile(sharp(pixels, { raw: { width, height, channels } })), view: { left: 0, top: 0, width, height } };
}

/** Where an upright picture of a size lies on the model's. */
export function viewOf(size: { readonly width: number; readonly height: number }, spec: PreprocessSpec): View {
  if (spec.fit === 'cover') {
    const { left, top, width, height } = cutCovering(size.width, size.height, spec);
    return { left: 0 - left, top: 0 - top, width, height };
  }
  const { left, top, width, height } = placeContained(size.width, size.height, spec);
  return { left, top, width, height };
}

async function toTile(image: Sharp): Promise<Picture> {
  const { data, info } = await image
    .flatten({ background: '#ffffff' })
    .resize(TILE_WIDTH, TILE_HEIGHT, { fit: 'inside' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** A picture as a PNG file. */
export async function toPng({ width, height, data }: Picture): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/** A picture and where it goes. */
export interface Placed {
  readonly picture: Picture;
  readonly left: number;
  readonly top: number;
}

/** A sheet of a size with pictures on white and a drawing (SVG) over all of it, as a PNG file. */
export async function toSheet(
  { width, height }: { readonly width: number; readonly height: number },
  placed: readonly Placed[],
  svg: string,
): Promise<Uint8Array> {
  const tiles = placed.map(({ picture, left, top }) => ({
    input: Buffer.from(picture.data),
    raw: { width: picture.width, height: picture.height, channels: 3 as const },
    left,
    top,
  }));
  return sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
    .composite([...tiles, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

/** Whether letters leave any ink: a machine without fonts draws none, and says nothing. */
export async function canDrawLetters(): Promise<boolean> {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text x="2" y="16" font-family="sans-serif">Ag</text></svg>';
  const { channels } = await sharp(Buffer.from(svg)).stats();
  return (channels[3]?.max ?? 0) > 0;
}
