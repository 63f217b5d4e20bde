import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/**
 * Damaged, dangerous and unusual images for tests. The decodable ones show {@link TEST_PICTURE}: the upper half red, the lower
 * half blue, so that a test can see whether the picture came out upright and in the right colours. Both can be printed in ink.
 */
export const TEST_PICTURE = { width: 60, height: 80, upper: [200, 30, 30], lower: [40, 80, 130] } as const;

type Rgb = readonly [number, number, number];

/** uint8 RGB pixels of two halves on top of each other. */
function halves(upper: Rgb, lower: Rgb): Buffer {
  const { width, height } = TEST_PICTURE;
  const pixels = Buffer.alloc(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) pixels.set(pixel < (width * height) / 2 ? upper : lower, pixel * 3);
  return pixels;
}

function testPicture(upper: Rgb = TEST_PICTURE.upper, lower: Rgb = TEST_PICTURE.lower): Sharp {
  return sharp(halves(upper, lower), { raw: { width: TEST_PICTURE.width, height: TEST_PICTURE.height, channels: 3 } });
}

/** A web page, as a shop serves it in place of a picture that is gone. */
export function htmlAsImage(): Buffer {
  return Buffer.from('<!doctype html>\n<html><head><title>Not found</title></head><body><h1>This image has moved</h1></body></html>\n');
}

/** A file of 0 bytes. */
export function emptyImage(): Buffer {
  return Buffer.alloc(0);
}

/** The first half of an image's bytes. */
export function truncated(image: Buffer): Buffer {
  return image.subarray(0, Math.floor(image.length / 2));
}

/** A JPEG that breaks off in the middle. */
export async function truncatedJpeg(): Promise<Buffer> {
  return truncated(await goodJpeg());
}

/** An ordinary JPEG of the test picture, to compare with. */
export async function goodJpeg(): Promise<Buffer> {
  return testPicture().jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();
}

async function twoFrames(): Promise<Sharp> {
  const first = await testPicture().png().toBuffer();
  const second = await testPicture(TEST_PICTURE.lower, TEST_PICTURE.upper).png().toBuffer();
  return sharp([first, second], { join: { animated: true } });
}

/** A GIF of two frames; the first shows the test picture, the second has the halves swapped. */
export async function animatedGif(): Promise<Buffer> {
  return (await twoFrames()).gif({ delay: [200, 200], loop: 0 }).toBuffer();
}

/** A lossless WebP of two frames, as {@link animatedGif}. */
export async function animatedWebp(): Promise<Buffer> {
  return (await twoFrames()).webp({ lossless: true, delay: [200, 200], loop: 0 }).toBuffer();
}

/** A JPEG of four ink channels with its colour profile. */
export async function cmykJpeg(): Promise<Buffer> {
  return testPicture().toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
}

/** A PNG with 16 bits a channel. */
export async function sixteenBitPng(): Promise<Buffer> {
  return testPicture().toColourspace('rgb16').png().toBuffer();
}

/** A PNG whose lower half is fully transparent; the colour under it is blue all the same. */
export async function transparentPng(): Promise<Buffer> {
  const { width, height } = TEST_PICTURE;
  const alpha = Buffer.alloc(width * height, 0).fill(255, 0, (width * height) / 2);
  return testPicture()
    .joinChannel(alpha, { raw: { width, height, channels: 1 } })
    .png()
    .toBuffer();
}

/** A JPEG stored lying on its side, with the EXIF orientation (6) that turns it upright. */
export async function rotatedJpeg(): Promise<Buffer> {
  const lying = testPicture().rotate(270).withMetadata({ orientation: 6 });
  return lying.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * A valid PNG of `sidePx` x `sidePx` black pixels: at the default of 30,000 some 110 kB that unpack to 900 million pixels
 * (2.7 GB as RGB). Layout after the PNG specification, third edition, chapter 11; one bit a pixel keeps the making cheap.
 */
export function hugePng(sidePx = 30_000): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(sidePx, 0);
  header.writeUInt32BE(sidePx, 4);
  header.writeUInt8(1, 8); // Bit depth; the zeros after it: greyscale, deflate, no filter method, not interlaced.
  const rowBytes = 1 + Math.ceil(sidePx / 8);
  const data = deflateSync(Buffer.alloc(rowBytes * sidePx), { level: 9 });
  return Buffer.concat([PNG_SIGNATURE, pngChunk('IHDR', header), pngChunk('IDAT', data), pngChunk('IEND', Buffer.alloc(0))]);
}
