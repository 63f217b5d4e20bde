import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { canDrawLetters, modelBackdrop, originalBackdrop, toPng, toSheet, viewOf } from '../../src/explain/picture.js';

const SPEC = { width: 60, height: 80, channels: 3, fit: 'contain', kernel: 'lanczos3', background: [255, 255, 255] } as const;

describe('viewOf', () => {
  it('leaves the padding of a picture out', () => {
    expect(viewOf({ width: 600, height: 600 }, SPEC)).toEqual({ left: 0, top: 10, width: 60, height: 60 });
  });

  it('goes beyond what was cut out of a picture', () => {
    expect(viewOf({ width: 120, height: 80 }, { ...SPEC, fit: 'cover' })).toEqual({ left: -30, top: 0, width: 120, height: 80 });
  });
});

it('a picture is shown upright, in its own shape', async () => {
  const bytes = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#ff0000' } })
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const { picture, view } = await originalBackdrop(bytes, SPEC);
  expect(picture.width * 2).toBe(picture.height);
  expect(view).toEqual({ left: 10, top: 0, width: 40, height: 80 });
});

it("the model's own pixels are shown as they are", async () => {
  const { picture, view } = await modelBackdrop(new Uint8Array(60 * 80 * 3).fill(9), SPEC);
  expect([picture.width, picture.height, picture.data[0]]).toEqual([240, 320, 9]);
  expect(view).toEqual({ left: 0, top: 0, width: 60, height: 80 });
});

it('a sheet has its pictures where they belong and the drawing over them', async () => {
  const picture = { width: 10, height: 10, data: new Uint8Array(300).fill(50) };
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect x="30" width="10" height="30" fill="#00ff00"/></svg>';
  const sheet = await toSheet({ width: 40, height: 30 }, [{ picture, left: 5, top: 5 }], svg);
  const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => Array.from(data.subarray((y * 40 + x) * info.channels, (y * 40 + x) * info.channels + 3));
  expect([at(0, 0), at(8, 8), at(35, 20)]).toEqual([
    [255, 255, 255],
    [50, 50, 50],
    [0, 255, 0],
  ]);
});

it('a picture survives its PNG file', async () => {
  const data = Uint8Array.from({ length: 27 }, (_, at) => at * 9);
  const { data: read } = await sharp(await toPng({ width: 3, height: 3, data }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(Array.from(read.subarray(0, 27))).toEqual(Array.from(data));
});

it('says whether letters can be drawn here', async () => {
  expect(typeof (await canDrawLetters())).toBe('boolean');
});
