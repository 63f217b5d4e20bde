import { relative } from 'node:path';
import { expect, test } from 'vitest';
import { imageFolders } from '../../src/pipeline/image-folders.js';

test.each([
  ['nothing', {}, {}],
  ['a folder of pictures', { images: '/pictures' }, { IMAGE_FILE_ROOT: '/elsewhere' }],
  ['a root in the environment', {}, { IMAGE_FILE_ROOT: '/srv/images' }],
])('with %s given, pictures are unpacked where ingest may read them', (_, options, env) => {
  const { IMAGE_FILE_ROOT, BACKFILL_PICTURES_DIR } = imageFolders({ dataDir: '/data', ...options }, env);
  expect(relative(IMAGE_FILE_ROOT, BACKFILL_PICTURES_DIR)).toMatch(/^[^./][^/]*$|^\.labelstream$/);
});

test('the folder given on the command line stands before the environment, and what only the environment says stands', () => {
  expect(imageFolders({ dataDir: '/data', images: '/pictures' }, { IMAGE_FILE_ROOT: '/srv/images' }).IMAGE_FILE_ROOT).toBe('/pictures');
  const env = { IMAGE_FILE_ROOT: '/srv/images', BACKFILL_PICTURES_DIR: '/srv/images/unpacked' };
  expect(imageFolders({ dataDir: '/data' }, env)).toEqual(env);
});
