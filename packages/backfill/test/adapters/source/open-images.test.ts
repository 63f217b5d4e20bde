import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalImages } from '../../../src/adapters/source/open-images.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeTar(name: string, files: Record<string, string>): Promise<string> {
  const tar = pack();
  for (const [file, content] of Object.entries(files)) tar.entry({ name: file }, content);
  tar.finalize();
  const path = join(folder, name);
  await pipeline(tar, createWriteStream(path));
  return path;
}

const row = (productId: string, image?: string) => ({ productId, version: 1, columns: {}, ...(image === undefined ? {} : { image }) });

describe('the pictures of a source', () => {
  it('are found in a tar by the product id, and unpacked only once', async () => {
    const tar = await writeTar('a.tar', { 'some/folder/1.jpg': 'one' });
    const images = await openLocalImages(tar, join(folder, 'cache'));
    expect(await readFile(fileURLToPath(images.uriOf(row('1'))), 'utf8')).toBe('one');
    await writeFile(fileURLToPath(images.uriOf(row('1'))), 'kept');
    const again = await openLocalImages(tar, join(folder, 'cache'));
    expect(await readFile(fileURLToPath(again.uriOf(row('1'))), 'utf8')).toBe('kept');
  });

  it('never leave the folder, whatever the tar says', async () => {
    const tar = await writeTar('b.tar', { '../../escaped.jpg': 'x' });
    const images = await openLocalImages(tar, join(folder, 'cache'));
    expect(await readFile(join(images.root!, 'escaped.jpg'), 'utf8')).toBe('x');
  });

  it('are named by the row where it names one, as a path or as a URI', async () => {
    const images = await openLocalImages(folder, folder);
    expect(images.uriOf(row('1', 'front view.png'))).toMatch(/front%20view\.png$/);
    expect(images.uriOf(row('1', 's3://bucket/key.jpg'))).toBe('s3://bucket/key.jpg');
  });

  it('may have a prefix of URIs, into which nobody looks', async () => {
    const images = await openLocalImages('s3://shop/pictures/', folder);
    expect(images.root).toBeUndefined();
    expect(images.uriOf(row('1'))).toBe('s3://shop/pictures/1.jpg');
  });

  it('are unpacked once by two that come at the same time', async () => {
    const tar = await writeTar('d.tar', { '1.jpg': 'one' });
    const [first, second] = await Promise.all([openLocalImages(tar, join(folder, 'both')), openLocalImages(tar, join(folder, 'both'))]);
    expect(first.root).toBe(second.root);
    expect(await readdir(join(folder, 'both'))).toEqual([basename(first.root!)]);
  });

  it('that are not there, or damaged, are a clear error and leave nothing half-done', async () => {
    const damaged = join(folder, 'c.tar');
    await writeFile(damaged, 'not a tar at all'.repeat(100));
    await expect(openLocalImages(join(folder, 'none'), folder)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    await expect(openLocalImages(damaged, folder)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    await expect(openLocalImages(damaged, folder)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
  });
});
