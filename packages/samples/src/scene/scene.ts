import { colourOf } from '../catalogue.js';
import type { SampleListing } from '../listing.js';
import { createRandom } from '../random.js';
import { ACCESSORIES } from './accessories.js';
import { APPAREL } from './apparel.js';
import { FOOTWEAR } from './footwear.js';
import { drawPaint, fabricDefs } from './paint.js';
import type { Silhouette } from './shapes.js';
import { styleMarks } from './styles.js';

/** Size of the drawing in SVG units; pictures of any size keep this ratio. */
export const CANVAS = { width: 240, height: 320 } as const;

const SILHOUETTES: Readonly<Record<string, Silhouette>> = { ...APPAREL, ...FOOTWEAR, ...ACCESSORIES };

/** The picture of a listing as an SVG document: white ground, one article, placed, sized, turned and shaded by its seed. */
export function sceneSvg(listing: SampleListing): string {
  const silhouette = SILHOUETTES[listing.truth.articleType];
  if (!silhouette) throw new RangeError(`no silhouette for ${listing.truth.articleType}`);
  const random = createRandom(listing.sceneSeed, 'scene');
  const paint = drawPaint(colourOf(listing.truth.baseColour), random);
  const defs = fabricDefs(listing.pattern, paint, random);
  const scale = random.between(0.78, 1.02).toFixed(3);
  const place = `${(120 + random.between(-12, 12)).toFixed(1)} ${(160 + random.between(-14, 14)).toFixed(1)}`;
  const turn = random.between(-7, 7).toFixed(1);
  const marks = listing.style === undefined ? '' : styleMarks(listing.style, paint);
  const ground = Math.round(random.between(248, 255));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${CANVAS.width}" height="${CANVAS.height}" viewBox="0 0 ${CANVAS.width} ${CANVAS.height}">` +
    `<defs>${defs}</defs><rect width="100%" height="100%" fill="rgb(${ground},${ground},${ground})"/>` +
    `<g transform="translate(${place}) rotate(${turn}) scale(${scale}) translate(-120 -160)">` +
    `${silhouette({ gender: listing.truth.gender, paint, random })}${marks}</g></svg>`
  );
}
