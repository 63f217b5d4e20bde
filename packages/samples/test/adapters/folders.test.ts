import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDemoImages } from '../../src/adapters/demo-images.js';
import { writeTrainingFolder } from '../../src/adapters/training-folder.js';
import { CSV_HEADER } from '../../src/csv.js';
import { demoStream } from '../../src/demo/stream.js';
import { drawListings } from '../../src/listing.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samples-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function tarNames(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Readable.from([await readFile(path)]).pipe(tar.extract())) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

describe('writeTrainingFolder', () => {
  it('writes a table and an archive that name the same listings, and leaves nothing unfinished', async () => {
    const listings = drawListings({ seed: 41, count: 30 });
    await writeTrainingFolder(folder, listings);
    expect(await readdir(folder)).toEqual(['images.tar', 'products.csv']);
    const [header, ...rows] = (await readFile(join(folder, 'products.csv'), 'utf8')).trimEnd().split('\n');
    expect(header).toBe(CSV_HEADER);
    expect(rows.map((row) => `${row.split(',')[0]}.jpg`)).toEqual(await tarNames(join(folder, 'images.tar')));
    expect(rows).toHaveLength(30);
  });

  it('writes the same bytes for the same seed', async () => {
    for (const name of ['a', 'b']) await writeTrainingFolder(join(folder, name), drawListings({ seed: 42, count: 5 }));
    const read = (name: string) => readFile(join(folder, name, 'images.tar'));
    expect((await read('a')).equals(await read('b'))).toBe(true);
  });
});

describe('writeDemoImages', () => {
  const { images } = demoStream({ seed: 7, imageBaseUri: 'file:///pictures', startAtMs: 0 });
  // A few of each content: enough to see the difference, quick to draw.
  const some = ['drawing', 'html', 'truncated', 'empty'].flatMap((content) =>
    images.filter((image) => image.content === content && !image.late).slice(0, 2),
  );
  const late = images.filter((image) => image.late).slice(0, 2);
  const pathOf = (fileName: string) => join(folder, fileName);

  it('writes good and bad pictures as described', async () => {
    await writeDemoImages(folder, some, { widthPx: 60 });
    expect((await readdir(folder)).sort()).toEqual(some.map((image) => image.fileName).sort());
    for (const { fileName, content } of some) {
      const bytes = await readFile(pathOf(fileName));
      if (content === 'drawing') expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 60 });
      if (content === 'html') expect(bytes.toString()).toContain('<html>');
      if (content === 'empty') expect(bytes).toHaveLength(0);
      if (content === 'truncated') await expect(sharp(bytes, { failOn: 'truncated' }).raw().toBuffer()).rejects.toThrow();
    }
  });

  it('keeps late pictures back until they are released, also after an earlier run', async () => {
    const first = await writeDemoImages(folder, late, { widthPx: 60 });
    expect(await readdir(folder)).toEqual([]);
    await first.releaseLateImages();
    for (const { fileName } of late) expect((await stat(pathOf(fileName))).size).toBeGreaterThan(0);
    await writeDemoImages(folder, late, { widthPx: 60 });
    expect(await readdir(folder)).toEqual([]);
  });
});
