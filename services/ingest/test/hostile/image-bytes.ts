import { crc32, deflateSync } from 'node:zlib';
import { goodJpeg } from '@labelstream/samples/adapters/bad-images';
import sharp from 'sharp';

/** Images that are small as files and large, slow or endless for a decoder that believes them. */

const u16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);
function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
function u32le(value: number): Buffer {
  return u32be(value).reverse();
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([u32be(data.length), body, u32be(crc32(body))]);
}

/** A PNG of 8-bit grey with these chunks between its header and its pixels. */
function png({ width = 8, height = 8, before = [] as Buffer[], pixels = deflateSync(Buffer.alloc((width + 1) * height)) } = {}): Buffer {
  const header = Buffer.concat([u32be(width), u32be(height), Buffer.from([8, 0, 0, 0, 0])]);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', header), ...before, chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** 100 MB of zeros, as a PNG chunk packs them. */
const packedZeros = () => deflateSync(Buffer.alloc(100_000_000), { level: 9 });

/** Its colour profile unpacks to 100 MB. */
export const pngWithProfileBomb = () => png({ before: [chunk('iCCP', Buffer.concat([Buffer.from('p\0\0', 'latin1'), packedZeros()]))] });
/** A comment unpacks to 100 MB. */
export const pngWithTextBomb = () => png({ before: [chunk('zTXt', Buffer.concat([Buffer.from('c\0\0', 'latin1'), packedZeros()]))] });
/** 64 pixels, for which 100 MB are unpacked. */
export const pngWithTooManyPixels = () => png({ pixels: packedZeros() });
/** The largest size that the format can name. */
export const pngOfLargestSize = () => png({ width: 0x7fffffff, height: 0x7fffffff, pixels: deflateSync(Buffer.alloc(10)) });
/** One row of as many pixels as a JavaScript number barely multiplies exactly. */
export const pngOfOneRow = () => png({ width: 0x7fffffff, height: 1, pixels: deflateSync(Buffer.alloc(10)) });
/** Ten thousand comments. */
export const pngOfManyChunks = () => png({ before: Array.from({ length: 10_000 }, () => chunk('tEXt', Buffer.from('a\0b', 'latin1'))) });

/** One frame of 65,535 x 65,535 in 35 bytes. */
export const gifOfLargestCanvas = () =>
  Buffer.concat([
    Buffer.from('GIF89a', 'latin1'),
    u16(0xffff),
    u16(0xffff),
    Buffer.from('800000000000ffffff2c00000000ffffffff000202440100', 'hex'),
    Buffer.from(';'),
  ]);
/** The beginning of a GIF that is a script as well. */
export const gifThatIsAScript = () => Buffer.from('GIF89a/*\x00\x00*/=1;alert(1)//', 'latin1');

/** A WebP that says its canvas is 16,384 x 16,384. */
export function webpOfLargestCanvas(): Buffer {
  const extended = Buffer.concat([Buffer.from('VP8X', 'latin1'), u32le(10), Buffer.from('00000000ff3f00ff3f00', 'hex')]);
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), extended]);
  return Buffer.concat([Buffer.from('RIFF', 'latin1'), u32le(body.length), body]);
}

/** A JPEG whose frame header says 65,500 x 65,500. */
export async function jpegOfLargestSize(): Promise<Buffer> {
  const bytes = Buffer.from(await goodJpeg());
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]));
  bytes.writeUInt16BE(65_500, frame + 5);
  bytes.writeUInt16BE(65_500, frame + 7);
  return bytes;
}

/** A progressive JPEG that repeats its scans a thousand times, each of which costs a pass over the whole picture. */
export async function jpegOfManyScans(): Promise<Buffer> {
  const picture = sharp({ create: { width: 2000, height: 2000, channels: 3, background: 'red' } });
  const bytes = await picture.jpeg({ progressive: true, quality: 50 }).toBuffer();
  const scan = bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
  const last = bytes.subarray(scan, bytes.length - 2);
  return Buffer.concat([bytes.subarray(0, scan), ...Array.from({ length: 1000 }, () => last), Buffer.from([0xff, 0xd9])]);
}

/** A good JPEG with a program behind its end. */
export const jpegWithTail = async () => Buffer.concat([await goodJpeg(), Buffer.from('<?php system($_GET["x"]); ?>')]);

type Tag = readonly [tag: number, value: number];

/** A TIFF of one strip with these sizes; `next` is where the following directory is said to lie. */
function tiff({ width, height, next = 0 }: { width: number; height: number; next?: number }): Buffer {
  const tags: Tag[] = [
    [256, width],
    [257, height],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, height],
    [279, 64],
  ];
  const entries = tags.map(([tag, value]) => Buffer.concat([u16(tag), u16(4), u32le(1), u32le(value)]));
  return Buffer.concat([Buffer.from('49492a0008000000', 'hex'), u16(tags.length), ...entries, u32le(next)]);
}

/** A TIFF of 100,000 x 100,000 pixels in 122 bytes. */
export const tiffOfLargestSize = () => tiff({ width: 100_000, height: 100_000 });
/** A TIFF whose list of pages is a circle. */
export const tiffWithoutEnd = () => tiff({ width: 8, height: 8, next: 8 });

/** What a video or AVIF begins with, and nothing that is one. */
export const avifStart = () => Buffer.concat([u32be(24), Buffer.from('ftypavif\0\0\0\0mif1avif', 'latin1'), Buffer.alloc(64)]);

/** A GIF of 5,000 frames. */
export async function gifOfManyFrames(): Promise<Buffer> {
  const one = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'blue' } })
    .gif()
    .toBuffer();
  const frame = one.subarray(one.indexOf(0x2c), one.length - 1);
  return Buffer.concat([one.subarray(0, one.indexOf(0x2c)), ...Array.from({ length: 5000 }, () => frame), Buffer.from(';')]);
}
