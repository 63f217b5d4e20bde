import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type ImageFormat, imageFormat } from '../../src/image/format.js';

const picture = () => sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } });

test.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] satisfies ImageFormat[])('%s is known by its first bytes', async (format) => {
  expect(imageFormat(await picture().toFormat(format).toBuffer())).toBe(format);
});

test.each([
  ['nothing', ''],
  ['one byte', '\xff'],
  ['a web page', '<!doctype html>'],
  ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
  ['PDF', '%PDF-1.7'],
  ['a sound in the same container as WebP', 'RIFF\0\0\0\0WAVE'],
  ['a film in the same container as AVIF', '\0\0\0\x18ftypmp42\0\0\0\0mp42isom'],
  ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
  ['a container box that ends before its brand', '\0\0\0\x08ftypavif\0\0\0\0avif'],
  ['gzip', '\x1f\x8b\x08'],
  ['a bitmap', 'BM\0\0'],
  ['a JPEG start that is cut off', '\xff\xd8'],
])('%s is none', (_, text) => {
  expect(imageFormat(Buffer.from(text, 'latin1'))).toBeUndefined();
});
