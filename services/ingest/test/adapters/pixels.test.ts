import * as made from '@labelstream/samples/adapters/bad-images';
import type { PreprocessSpec } from '@labelstream/shared/bundle/manifest';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createPixelDecoder } from '../../src/adapters/pixels.js';

const { width, height, upper, lower } = made.TEST_PICTURE;
const spec: PreprocessSpec = { width, height, channels: 3, fit: 'contain', kernel: 'lanczos3', background: [255, 255, 255] };
const decode = createPixelDecoder(spec, { maxPixels: 1_000_000 });
const WHITE = [255, 255, 255];

const pixelAt = (pixels: Uint8Array, x: number, y: number) => [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];

/** Compression and colour profiles move a colour a little. */
function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  for (const [channel, value] of actual.entries()) expect(Math.abs(value - expected[channel]!)).toBeLessThanOrEqual(tolerance);
}

test.each([
  ['a JPEG', made.goodJpeg, upper, lower, 8],
  ['the first frame of an animated GIF', made.animatedGif, upper, lower, 8],
  ['the first frame of an animated WebP', made.animatedWebp, upper, lower, 0],
  ['a CMYK JPEG', made.cmykJpeg, upper, lower, 30],
  ['a PNG with 16 bits a channel', made.sixteenBitPng, upper, lower, 2],
  ['a JPEG turned by its EXIF orientation', made.rotatedJpeg, upper, lower, 8],
  ['a PNG with a transparent half, on the background', made.transparentPng, upper, WHITE, 0],
])('%s', async (_, make, top, bottom, tolerance) => {
  const pixels = await decode(await make());
  expect(pixels.length).toBe(width * height * 3);
  expectNear(pixelAt(pixels, 30, 10), top, tolerance);
  expectNear(pixelAt(pixels, 30, 70), bottom, tolerance);
});

test('a grey image gets three equal channels', async () => {
  const grey = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#808080' } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  expect((await sharp(grey).metadata()).channels).toBe(1);
  expect(pixelAt(await decode(grey), 30, 40)).toEqual([128, 128, 128]);
});

test('grey with transparency is laid on the background', async () => {
  const clear = sharp(Buffer.alloc(9 * 9 * 2), { raw: { width: 9, height: 9, channels: 2 } });
  const bytes = await clear.toColourspace('b-w').png().toBuffer();
  expect((await sharp(bytes).metadata()).channels).toBe(2);
  expect(pixelAt(await decode(bytes), 30, 40)).toEqual(WHITE);
});

test('what is around an image of another shape is the background', async () => {
  const blue = createPixelDecoder({ ...spec, background: [1, 2, 3] }, { maxPixels: 1_000_000 });
  const wide = await sharp({ create: { width: 120, height: 40, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const pixels = await blue(wide);
  expect([pixelAt(pixels, 0, 0), pixelAt(pixels, 30, 40), pixelAt(pixels, 59, 79)]).toEqual([
    [1, 2, 3],
    [255, 0, 0],
    [1, 2, 3],
  ]);
});

test('a JPEG is not shrunk while it is decoded, since training does not do so', async () => {
  const stripes = Buffer.alloc(600 * 800 * 3);
  for (let at = 0; at < 600 * 800; at += 1) stripes.fill(at % 7 < 3 ? 255 : 0, at * 3, at * 3 + 3);
  const jpeg = await sharp(stripes, { raw: { width: 600, height: 800, channels: 3 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  const whole = await sharp(jpeg).toColourspace('srgb').png({ compressionLevel: 0 }).toBuffer();
  expect(await decode(jpeg)).toEqual(await decode(whole));
});

test.each([
  ['a JPEG that breaks off', 'IMAGE_NOT_DECODABLE', made.truncatedJpeg],
  ['a PNG that breaks off', 'IMAGE_NOT_DECODABLE', async () => made.truncated(await made.sixteenBitPng())],
  ['a WebP that breaks off', 'IMAGE_NOT_DECODABLE', async () => made.truncated(await made.animatedWebp())],
  ['a GIF that breaks off', 'IMAGE_NOT_DECODABLE', async () => made.truncated(await made.animatedGif())],
  ['nothing but a start', 'IMAGE_NOT_DECODABLE', async () => Buffer.from('ffd8ffe0', 'hex')],
  ['a bomb of 30,000 x 30,000 pixels', 'IMAGE_TOO_MANY_PIXELS', async () => made.hugePng()],
  ['one pixel row too many', 'IMAGE_TOO_MANY_PIXELS', async () => made.hugePng(1001)],
])('%s → %s', async (_, code, make) => {
  await expect(decode(await make())).rejects.toMatchObject({ code });
});

test('an image of exactly the allowed pixels is decoded', async () => {
  expect(pixelAt(await decode(made.hugePng(1000)), 30, 40)).toEqual([0, 0, 0]);
});

const covering = createPixelDecoder({ ...spec, width: 32, height: 32, fit: 'cover', kernel: 'cubic' }, { maxPixels: 1_000_000 });
const blocks = (widths: readonly string[], width: number, height: number) =>
  sharp({ create: { width: width * widths.length, height, channels: 3, background: 'white' } })
    .composite(
      widths.map((background, at) => ({
        input: { create: { width, height, channels: 3 as const, background } },
        left: at * width,
        top: 0,
      })),
    )
    .png()
    .toBuffer();
const edges = (pixels: Uint8Array) => [pixels.subarray(0, 3), pixels.subarray(-3)].map((pixel) => [...pixel]);
const LIME = [0, 255, 0];

test.each([
  ['reduced', 200, 90],
  ['enlarged', 20, 9],
  ['as large as it is', 32, 32],
])('an image that covers the model’s size is cut on both sides: %s', async (_, width, height) => {
  const image = await blocks(['red', 'lime', 'blue'], width, height);
  expect(edges(await covering(image))).toEqual([LIME, LIME]);
});

test.each([
  ['long', 200_000, 1],
  ['high', 1, 200_000],
])('of a very %s line only the centre is enlarged', async (_, width, height) => {
  const image = await sharp({ create: { width, height, channels: 3, background: 'lime' } })
    .png()
    .toBuffer();
  const started = performance.now();
  expect(edges(await covering(image))).toEqual([LIME, LIME]);
  expect(performance.now() - started).toBeLessThan(5000);
});

test.each([8, 100])('an image of %d pixels that covers is turned and laid on the background first', async (size) => {
  const clear = sharp({ create: { width: size, height: size, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } });
  expect(edges(await covering(await clear.png().toBuffer()))).toEqual([WHITE, WHITE]);
  const halves = sharp(await blocks(['red', 'lime'], size, 2 * size)).withMetadata({ orientation: 3 });
  expect(edges(await covering(await halves.webp({ lossless: true }).toBuffer()))[0]).toEqual(LIME);
});
