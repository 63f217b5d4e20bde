import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describeError, LabelstreamError } from '../../errors.js';
import type { ObjectInfo, ObjectRange, ObjectStore } from '../../ports/object-store.js';
import { checkObjectKey } from '../common/object-key.js';

/** A file that is being written has another name, which no object has. */
const UNFINISHED = '.unfinished-';
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? '';

/** Objects as files below a folder, which is made when the first one is stored. Parts of keys do not begin with a dot. */
export function createFolderObjectStore(folder: string): ObjectStore {
  const root = resolve(folder);

  async function guarded<T>(doing: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof LabelstreamError) throw error;
      const code = REFUSALS.has(codeOf(error)) ? 'CONFIG_INVALID' : 'OBJECT_STORE_UNAVAILABLE';
      throw new LabelstreamError(code, `${doing} ${root}: ${describeError(error)}`, { cause: error });
    }
  }

  const pathOf = (key: string) => join(root, checkObjectKey(key));

  async function write(key: string, body: Uint8Array): Promise<void> {
    const path = pathOf(key);
    const folderOfKey = dirname(path);
    await mkdir(folderOfKey, { recursive: true });
    const unfinished = join(folderOfKey, `${UNFINISHED}${randomUUID()}`);
    try {
      await writeFile(unfinished, body, { flush: true });
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async function* walk(path: string, prefix: string): AsyncGenerator<ObjectInfo> {
    for (const { key, isFolder } of await entriesOf(root, path)) {
      if (isFolder && (key.startsWith(prefix) || prefix.startsWith(key))) yield* walk(key, prefix);
      if (isFolder || !key.startsWith(prefix)) continue;
      const stats = await ifThere(() => stat(join(root, key)));
      if (stats !== undefined) yield { key, sizeBytes: stats.size, modifiedAtMs: stats.mtimeMs };
    }
  }

  return {
    put: (key, body) => guarded('writing to', () => write(key, body)),
    get: (key, range) => guarded('reading from', () => ifThere(() => read(pathOf(key), range))),
    async *list(prefix) {
      const objects = walk('', prefix);
      for (;;) {
        const { done, value } = await guarded('listing', () => objects.next());
        if (done) return;
        yield value;
      }
    },
    delete: (keys) =>
      guarded('deleting from', async () => {
        for (const key of keys) await rm(pathOf(key), { force: true });
      }),
    close: async () => {},
  };
}

/** What lies in a folder, in the order in which the keys of its objects are sorted; keys of folders end with a slash. */
async function entriesOf(root: string, folder: string): Promise<{ key: string; isFolder: boolean }[]> {
  const entries = (await ifThere(() => readdir(join(root, folder), { withFileTypes: true }))) ?? [];
  return entries
    .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || entry.isFile()))
    .map((entry) => ({ key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`, isFolder: entry.isDirectory() }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

async function read(path: string, range: ObjectRange | undefined): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const stats = await file.stat();
    const { offset, sizeBytes } = range ?? { offset: 0, sizeBytes: stats.size };
    return await readPart(file, { offset, sizeBytes: Math.max(0, Math.min(sizeBytes, stats.size - offset)) });
  } finally {
    await file.close();
  }
}

async function readPart(file: FileHandle, { offset, sizeBytes }: ObjectRange): Promise<Uint8Array> {
  const bytes = new Uint8Array(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    const { bytesRead } = await file.read(bytes, done, sizeBytes - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

async function ifThere<T>(run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
