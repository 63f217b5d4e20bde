import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSoakPictures } from '../../src/soak/pictures.js';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'labelstream-soak-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test('pictures differ, only the last ones are kept, and nothing is left', async () => {
  const folder = join(root, 'pictures');
  const pictures = await openSoakPictures({ folder, seed: 1, keep: 3 });
  for (let picture = 0; picture < 6; picture++) await pictures.write(picture);
  expect((await readdir(folder)).toSorted()).toEqual(['3.jpg', '4.jpg', '5.jpg']);
  const path = fileURLToPath(pictures.uri(5));
  expect(await sharp(path).metadata()).toMatchObject({ format: 'jpeg', width: 240 });
  await pictures.write(65);
  const same = await readFile(fileURLToPath(pictures.uri(65)));
  expect(same.equals(await readFile(path))).toBe(false);
  await pictures.close();
  expect(await readdir(root)).toEqual([]);
});
