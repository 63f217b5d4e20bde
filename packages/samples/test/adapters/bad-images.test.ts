import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import * as bad from '../../src/adapters/bad-images.js';

/** Mean RGB of a decoded picture's upper and lower half. */
async function halvesOf(image: Buffer): Promise<{ upper: number[]; lower: number[] }> {
  const upright = await sharp(image).rotate().toColourspace('srgb').removeAlpha().png().toBuffer();
  const { width, height } = await sharp(upright).metadata();
  const mean = async (top: number) => {
    const half = await sharp(upright)
      .extract({ left: 2, top: top + 4, width: width - 4, height: height / 2 - 8 })
      .png()
      .toBuffer();
    const { channels } = await sharp(half).stats();
    return channels.map((channel) => channel.mean);
  };
  return { upper: await mean(0), lower: await mean(height / 2) };
}

function expectNear(actual: number[], wanted: readonly number[], tolerance: number) {
  for (const [i, value] of wanted.entries()) expect(Math.abs(actual[i]! - value)).toBeLessThan(tolerance);
}

describe('images that cannot be decoded', () => {
  it('are a web page, nothing at all, and a JPEG that breaks off', async () => {
    expect(bad.htmlAsImage().toString()).toMatch(/^<!doctype html>/);
    expect(bad.emptyImage()).toHaveLength(0);
    const broken = await bad.truncatedJpeg();
    expect(broken.subarray(0, 3)).toEqual(Buffer.of(0xff, 0xd8, 0xff));
    await expect(sharp(broken, { failOn: 'truncated' }).raw().toBuffer()).rejects.toThrow();
    await expect(sharp(bad.htmlAsImage()).metadata()).rejects.toThrow();
  });

  it('are a file of little more than 100 kB that declares 30,000 x 30,000 pixels', async () => {
    const huge = bad.hugePng();
    expect(huge.length).toBeLessThan(150_000);
    expect(await sharp(huge, { limitInputPixels: false }).metadata()).toMatchObject({ format: 'png', width: 30_000, height: 30_000 });
    await expect(sharp(huge).raw().toBuffer()).rejects.toThrow(/pixel limit/);
    expect((await sharp(bad.hugePng(64)).greyscale().raw().toBuffer()).every((value) => value === 0)).toBe(true);
  });
});

describe('unusual images', () => {
  it('are what their name says', async () => {
    const metadata = async (image: Promise<Buffer>) => sharp(await image).metadata();
    expect(await metadata(bad.goodJpeg())).toMatchObject({ format: 'jpeg', width: 60, height: 80 });
    expect(await metadata(bad.animatedGif())).toMatchObject({ format: 'gif', pages: 2 });
    expect(await metadata(bad.animatedWebp())).toMatchObject({ format: 'webp', pages: 2 });
    expect(await metadata(bad.cmykJpeg())).toMatchObject({ format: 'jpeg', space: 'cmyk', channels: 4 });
    expect(await metadata(bad.sixteenBitPng())).toMatchObject({ format: 'png', depth: 'ushort', channels: 3 });
    expect(await metadata(bad.transparentPng())).toMatchObject({ format: 'png', hasAlpha: true });
    expect(await metadata(bad.rotatedJpeg())).toMatchObject({ format: 'jpeg', orientation: 6, width: 80, height: 60 });
  });

  it('show red above blue when decoded properly', async () => {
    const builders = [bad.goodJpeg, bad.animatedGif, bad.animatedWebp, bad.sixteenBitPng, bad.transparentPng, bad.rotatedJpeg];
    for (const build of builders) {
      const { upper, lower } = await halvesOf(await build());
      expectNear(upper, bad.TEST_PICTURE.upper, 12);
      expectNear(lower, bad.TEST_PICTURE.lower, 12);
    }
  });

  it('lose little colour to ink', async () => {
    const { upper, lower } = await halvesOf(await bad.cmykJpeg());
    expectNear(upper, bad.TEST_PICTURE.upper, 20);
    expectNear(lower, bad.TEST_PICTURE.lower, 20);
  });

  it('are opaque above and transparent below where they have an alpha channel', async () => {
    const { data } = await sharp(await bad.transparentPng())
      .extractChannel('alpha')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([data[0], data.at(-1)]).toEqual([255, 0]);
  });
});
