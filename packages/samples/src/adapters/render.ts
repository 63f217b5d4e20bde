import sharp from 'sharp';
import type { SampleListing } from '../listing.js';
import { sceneSvg } from '../scene/scene.js';

/** Width of the pictures of the public fashion catalogue (its height is 80), so samples look like it to a model. */
export const CATALOGUE_WIDTH_PX = 60;

/** The picture of a listing as a JPEG (sRGB, quality 90), `widthPx` wide and 4/3 as high. */
export async function renderJpeg(listing: SampleListing, widthPx: number): Promise<Buffer> {
  const svg = Buffer.from(sceneSvg(listing));
  // Drawn at full size and then reduced: edges as soft as those of a photograph that was scaled down.
  const image = sharp(svg).resize({ width: widthPx, height: Math.round((widthPx * 4) / 3) });
  return image.flatten({ background: '#fff' }).jpeg({ quality: 90 }).toBuffer();
}
