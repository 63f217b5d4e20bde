import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { LabelstreamError } from '@labelstream/shared/errors';
import { extract } from 'tar-stream';
import type { SourceRow } from './row.js';

/** The pictures of a source. */
export interface ImageFolder {
  /** Folder that holds them all: the file root that ingest may read. */
  readonly root: string;
  /** The image's URI: as the row says, else `<id>.jpg` in the folder. */
  uriOf(row: SourceRow): string;
}

/**
 * Opens a folder of pictures or a tar of them. A tar is unpacked once into `cacheDirectory`, by its size and time.
 *
 * @throws SOURCE_INVALID when the path is not there or the tar is damaged
 */
export async function openImages(path: string, cacheDirectory: string): Promise<ImageFolder> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new LabelstreamError('SOURCE_INVALID', `${path}: no such folder or tar; check the path given with --images.`, { cause });
  });
  const root = found.isDirectory() ? resolve(path) : await unpack(path, `${found.size}:${found.mtimeMs}`, cacheDirectory);
  return { root, uriOf: (row) => uriOf(row, root) };
}

/** A row's image when no folder of pictures is given: only one that is a URI already. */
export const uriWithoutFolder = (row: SourceRow): string | undefined =>
  row.image !== undefined && isUri(row.image) ? row.image : undefined;

const isUri = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text);

function uriOf(row: SourceRow, root: string): string {
  const name = row.image ?? `${row.productId}.jpg`;
  return isUri(name) ? name : pathToFileURL(join(root, name)).href;
}

async function unpack(tar: string, stamp: string, cacheDirectory: string): Promise<string> {
  const target = join(
    cacheDirectory,
    createHash('sha256')
      .update(`${resolve(tar)}:${stamp}`)
      .digest('hex')
      .slice(0, 16),
  );
  if (await isThere(target)) return target;
  const partial = `${target}.${process.pid}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    await extractInto(tar, partial);
    await rename(partial, target);
  } catch (cause) {
    await rm(partial, { recursive: true, force: true });
    throw new LabelstreamError('SOURCE_INVALID', `${tar}: not a readable tar file.`, { cause });
  }
  return target;
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function extractInto(tar: string, directory: string): Promise<void> {
  const entries = extract();
  const write = async () => {
    for await (const entry of entries) {
      // The base name only: an entry cannot leave the folder.
      if (entry.header.type === 'file') await pipeline(entry, createWriteStream(join(directory, basename(entry.header.name))));
      else entry.resume();
    }
  };
  await Promise.all([pipeline(createReadStream(tar), entries), write()]);
}
