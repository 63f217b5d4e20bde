import { mkdir, mkdtemp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { createLocalObjectStore } from '../../../src/adapters/source/local-object-store.js';
import { objectStoreConformance } from '../../conformance/object-store.js';

async function newFolder(): Promise<string> {
  return `${await mkdtemp(join(tmpdir(), 'labelstream-store-'))}/`;
}

objectStoreConformance('the files of this machine', async () => {
  const folder = await newFolder();
  let written = 0;
  return {
    store: createLocalObjectStore(),
    folder,
    async put(uri, bytes) {
      await mkdir(dirname(uri), { recursive: true });
      await writeFile(uri, bytes);
      written += 1;
      await utimes(uri, written, written);
    },
    stop: () => rm(folder, { recursive: true }),
  };
});

it('a file that is cut off while it is read is an error', async () => {
  const folder = await newFolder();
  const [path, store] = [join(folder, 'a.csv'), createLocalObjectStore()];
  await writeFile(path, Buffer.alloc(2_000_000));
  const reading = (async () => {
    for await (const object of store.list(path)) for await (const _ of store.read(object)) await truncate(path, 10);
  })();
  await expect(reading).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: expect.stringContaining('has changed') });
  await rm(folder, { recursive: true });
});

it('links are files or passed over, and never lead in a circle', async () => {
  const folder = await newFolder();
  await writeFile(join(folder, 'a.csv'), 'id');
  await symlink(join(folder, 'a.csv'), join(folder, 'b.csv'));
  await symlink(folder, join(folder, 'circle'));
  const found: string[] = [];
  for await (const { uri } of createLocalObjectStore().list(folder)) found.push(uri.slice(folder.length));
  expect(found).toEqual(['a.csv', 'b.csv']);
  await rm(folder, { recursive: true });
});

it('what is neither file nor folder, or lies below a file, is refused', async () => {
  const first = async (uri: string) => {
    for await (const object of createLocalObjectStore().list(uri)) return object;
    return undefined;
  };
  await expect(first('/dev/null')).rejects.toMatchObject({ code: 'SOURCE_INVALID', message: '/dev/null: neither a file nor a folder.' });
  const folder = await newFolder();
  await writeFile(join(folder, 'a'), 'id');
  await expect(first(join(folder, 'a', 'b'))).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
  await rm(folder, { recursive: true });
});
