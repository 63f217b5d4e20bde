import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { renderJpeg } from '../../src/adapters/render.js';
import { COLOURS } from '../../src/catalogue.js';
import { drawListings } from '../../src/listing.js';

const listings = drawListings({ seed: 31, count: 60 });

/** Mean RGB of the pixels in the middle of a picture. */
async function middleColour(jpeg: Buffer): Promise<number[]> {
  // Statistics are of the input, whatever is asked of the pipeline before.
  const middle = await sharp(jpeg).extract({ left: 20, top: 28, width: 20, height: 24 }).png().toBuffer();
  const { channels } = await sharp(middle).stats();
  return channels.map((channel) => channel.mean);
}

describe('renderJpeg', () => {
  it('gives a JPEG of the size asked for, the same bytes each time', async () => {
    const jpeg = await renderJpeg(listings[0]!, 60);
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 60, height: 80, channels: 3, space: 'srgb' });
    expect(jpeg.equals(await renderJpeg(listings[0]!, 60))).toBe(true);
    expect(await sharp(await renderJpeg(listings[0]!, 240)).metadata()).toMatchObject({ width: 240, height: 320 });
  });

  it('draws on white ground and leaves no picture empty', async () => {
    for (const listing of listings) {
      const { data, info } = await sharp(await renderJpeg(listing, 60))
        .greyscale()
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(data[info.width - 1]).toBeGreaterThan(240);
      const drawn = data.filter((value) => value < 235).length / data.length;
      expect(drawn, listing.title).toBeGreaterThan(0.04);
    }
  });

  it('shows each colour clearly apart from the others', async () => {
    const shirt = { ...listings.find((listing) => listing.truth.articleType === 'Tshirts')!, pattern: 'plain' as const };
    const seen = await Promise.all(
      COLOURS.map(async ({ label }) => ({
        label,
        rgb: await middleColour(await renderJpeg({ ...shirt, truth: { ...shirt.truth, baseColour: label } }, 60)),
      })),
    );
    for (const a of seen) {
      for (const b of seen.filter((each) => each.label > a.label)) {
        const distance = Math.hypot(...a.rgb.map((value, i) => value - b.rgb[i]!));
        expect(distance, `${a.label} and ${b.label}`).toBeGreaterThan(25);
      }
    }
  });
});
