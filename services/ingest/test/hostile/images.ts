import { createHash } from 'node:crypto';
import * as made from '@labelstream/samples/adapters/bad-images';
import * as bytes from './image-bytes.js';
import { failed, type Row } from './input.js';

const NO_IMAGE = failed('IMAGE_NOT_AN_IMAGE');
const BROKEN = failed('IMAGE_NOT_DECODABLE');
const TOO_MANY = failed('IMAGE_TOO_MANY_PIXELS');
const USED = 'emit USED USED';

/** Bytes of images, and what becomes of a listing that has them. */
export const IMAGES: readonly Row<() => Promise<Buffer> | Buffer>[] = [
  ['a web page', made.htmlAsImage, NO_IMAGE],
  ['0 bytes', made.emptyImage, NO_IMAGE],
  ['one byte', () => Buffer.from([0xff]), NO_IMAGE],
  ['random bytes', () => createHash('sha512').update('x').digest(), NO_IMAGE],
  [
    'SVG that reads a file',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    NO_IMAGE,
  ],
  [
    'XML that reads a file',
    () => Buffer.from('<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'),
    NO_IMAGE,
  ],
  ['PDF', () => Buffer.from('%PDF-1.7\n'), NO_IMAGE],
  ['PostScript', () => Buffer.from('%!PS-Adobe-3.0\n(/etc/passwd) (r) file'), NO_IMAGE],
  ['gzip', () => Buffer.from('1f8b08000000000000', 'hex'), NO_IMAGE],
  ['a ZIP file', () => Buffer.from('504b0304140000000800', 'hex'), NO_IMAGE],
  ['a program', () => Buffer.from('7f454c4602010100', 'hex'), NO_IMAGE],
  ['a BMP, a format that is not taken', () => Buffer.from('424d3e00000000000000', 'hex'), NO_IMAGE],
  ['a JPEG that breaks off', made.truncatedJpeg, BROKEN],
  ['a JPEG start and nothing more', () => Buffer.from('ffd8ff', 'hex'), BROKEN],
  ['a JPEG start before a web page', () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), made.htmlAsImage()]), BROKEN],
  ['a PNG that breaks off', async () => made.truncated(await made.transparentPng()), BROKEN],
  ['a PNG of 0 x 0 pixels', () => made.hugePng(0), BROKEN],
  ['a GIF that is a script as well', bytes.gifThatIsAScript, BROKEN],
  ['the start of an AVIF and nothing more', bytes.avifStart, BROKEN],
  ['a PNG of 30,000 x 30,000 pixels', () => made.hugePng(), TOO_MANY],
  ['a PNG of the largest size there is', bytes.pngOfLargestSize, BROKEN],
  ['a PNG of one endless row', bytes.pngOfOneRow, BROKEN],
  ['a PNG whose colour profile unpacks to 100 MB', bytes.pngWithProfileBomb, USED],
  ['a PNG whose comment unpacks to 100 MB', bytes.pngWithTextBomb, USED],
  ['a PNG of 64 pixels that unpack to 100 MB', bytes.pngWithTooManyPixels, USED],
  ['a PNG with 10,000 comments', bytes.pngOfManyChunks, USED],
  ['a JPEG of 65,500 x 65,500 pixels', bytes.jpegOfLargestSize, TOO_MANY],
  ['a JPEG with a thousand scans', bytes.jpegOfManyScans, BROKEN],
  ['a GIF of 65,535 x 65,535 pixels', bytes.gifOfLargestCanvas, TOO_MANY],
  ['a GIF of 5,000 frames', bytes.gifOfManyFrames, USED],
  ['a WebP that is nothing but a canvas of 16,384 x 16,384', bytes.webpOfLargestCanvas, BROKEN],
  ['a TIFF of 100,000 x 100,000 pixels', bytes.tiffOfLargestSize, TOO_MANY],
  ['a TIFF whose pages form a circle', bytes.tiffWithoutEnd, USED],
  ['more bytes than allowed', () => Buffer.alloc(1_000_001), failed('IMAGE_TOO_LARGE')],
  ['a JPEG with a program behind its end', bytes.jpegWithTail, USED],
  ['an animated GIF', made.animatedGif, USED],
  ['an animated WebP', made.animatedWebp, USED],
  ['a CMYK JPEG', made.cmykJpeg, USED],
  ['a PNG with 16 bits a channel', made.sixteenBitPng, USED],
  ['a PNG with transparency', made.transparentPng, USED],
  ['a JPEG with an EXIF rotation', made.rotatedJpeg, USED],
];
