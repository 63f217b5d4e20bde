import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { extract } from 'tar-stream';
import type { ObjectStore, StoredObject } from '../../source/object-store.js';

/** Where a tar of pictures is unpacked to. */
export interface UnpackDeps {
  readonly store: ObjectStore;
  readonly cacheDirectory: string;
}

/**
 * Unpacks a tar of pictures, once for as long as it does not change; returns the folder.
 *
 * @throws SOURCE_INVALID when the tar is damaged
 */
export async function unpackTar({ store, cacheDirectory }: UnpackDeps, tar: StoredObject, signal?: AbortSignal): Promise<string> {
  const name = createHash('sha256').update(`${tar.uri}:${tar.tag}`).digest('hex').slice(0, 16);
  const target = join(cacheDirectory, name);
  if (await isThere(target)) return target;
  const partial = `${target}.${process.pid}.${Date.now()}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    await extractInto(store.read(tar, undefined, signal), partial);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    // Somebody else has unpacked it in the meantime.
    if (await isThere(target)) return target;
    if (isLabelstreamError(cause)) throw cause;
    throw new LabelstreamError('SOURCE_INVALID', `${tar.uri}: not a readable tar file.`, { cause });
  }
  return target;
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function extractInto(bytes: AsyncIterable<Uint8Array>, directory: string): Promise<void> {
  const entries = extract();
  const write = async () => {
    for await (const entry of entries) {
      // The base name only: an entry cannot leave the folder.
      if (entry.header.type === 'file') await pipeline(entry, createWriteStream(join(directory, basename(entry.header.name))));
      else entry.resume();
    }
  };
  await Promise.all([pipeline(Readable.from(bytes, { objectMode: false }), entries), write()]);
}
