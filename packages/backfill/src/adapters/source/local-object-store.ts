import type { Dirent, Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { changed, notThere } from '../../source/object-errors.js';
import type { ByteRange, ObjectStore, StoredObject } from '../../source/object-store.js';

const CHUNK_BYTES = 256 * 1024;

/** Files of this machine, by their absolute paths. */
export function createLocalObjectStore(): ObjectStore {
  async function* list(uri: string, { after, signal }: Parameters<ObjectStore['list']>[1] = {}): AsyncGenerator<StoredObject> {
    const found = await statOf(uri);
    if (found.isFile() && !uri.endsWith('/')) yield toObject(uri, found);
    else if (found.isDirectory()) yield* below(uri.endsWith('/') ? uri : `${uri}/`, after, signal);
    else throw new LabelstreamError('SOURCE_INVALID', `${uri}: neither a file nor a folder.`);
  }

  async function* read(object: StoredObject, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { start, end } = range ?? { start: 0, end: object.sizeBytes };
    const file = await open(object.uri).catch((error: unknown) => {
      throw fileError(object.uri, error);
    });
    try {
      if (toObject(object.uri, await file.stat()).tag !== object.tag) throw changed(object.uri);
      for (let at = start; at < end; ) {
        signal?.throwIfAborted();
        const wanted = Math.min(CHUNK_BYTES, end - at);
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at);
        if (bytesRead === 0) throw changed(object.uri);
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  return { list, read, close: () => {} };
}

/** All files below a folder (with a slash at its end), in the order of their whole paths, after `after`. */
async function* below(folder: string, after: string | undefined, signal: AbortSignal | undefined): AsyncGenerator<StoredObject> {
  signal?.throwIfAborted();
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  for (const path of inOrder(folder, entries)) {
    // A folder whose names begin as `after` does may have names after it.
    if (after !== undefined && compare(path, after) <= 0 && !(path.endsWith('/') && after.startsWith(path))) continue;
    if (path.endsWith('/')) yield* below(path, after, signal);
    else {
      const found = await statOf(path);
      if (found.isFile()) yield toObject(path, found);
    }
  }
}

/** As all names below would be ordered: a folder's name goes on with a slash. Links to folders are not followed: they may lead in a circle. */
const inOrder = (folder: string, entries: readonly Dirent[]): string[] =>
  entries.map((entry) => `${join(folder, entry.name)}${entry.isDirectory() ? '/' : ''}`).sort(compare);

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const toObject = (uri: string, { size, mtimeMs }: Stats): StoredObject => ({ uri, sizeBytes: size, tag: `${size}:${mtimeMs}` });

function statOf(path: string): Promise<Stats> {
  return stat(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
}

function fileError(path: string, cause: unknown): LabelstreamError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return notThere(path, cause);
  const why = code === 'EACCES' || code === 'EPERM' ? 'this user may not read it; change its permissions' : `it cannot be read (${code})`;
  return new LabelstreamError('SOURCE_INVALID', `${path}: ${why}.`, { cause });
}
