import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createFolderObjectStore } from '../../../src/adapters/file/object-store.js';
import { describeObjectStore } from '../../conformance/object-store.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-objects-'));
});
afterAll(() => rm(folder, { recursive: true }));

describeObjectStore('folder', async () => createFolderObjectStore(join(folder, 'made', 'when needed')));

it('does not list what another process has not finished', async () => {
  const root = join(folder, 'unfinished');
  await mkdir(root);
  await writeFile(join(root, '.unfinished-1'), 'half');
  const store = createFolderObjectStore(root);
  await store.put('whole', new Uint8Array(1));
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(keys).toEqual(['whole']);
});

it('leaves nothing behind of an object that could not be stored', async () => {
  const root = join(folder, 'in the way');
  await mkdir(join(root, 'a'), { recursive: true });
  await expect(createFolderObjectStore(root).put('a', new Uint8Array(1))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  expect(await readdir(root)).toEqual(['a']);
});

it('says what is wrong where a file stands in place of the folder', async () => {
  const root = join(folder, 'a file');
  await writeFile(root, '');
  await chmod(root, 0o600);
  await expect(createFolderObjectStore(root).put('a', new Uint8Array(1))).rejects.toMatchObject({ retriable: expect.any(Boolean) });
});
