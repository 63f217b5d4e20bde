import { LabelstreamError } from '@labelstream/shared/errors';
import { absoluteSource } from '../../source/find-sources.js';
import { type ImageOf, isImagePrefix, uriBelow } from '../../source/images.js';
import type { StoredObject } from '../../source/object-store.js';
import { createLocalObjectStore } from './local-object-store.js';
import { type UnpackDeps, unpackTar } from './unpack.js';

/** The pictures of a source. */
export interface ImageFolder {
  /** Folder that holds them all: the file root that ingest may read; absent where they are in a store. */
  readonly root?: string;
  /** The image's URI: as the row says, else `<id>.jpg` in the folder. */
  readonly uriOf: (row: Parameters<ImageOf>[0]) => string;
}

/**
 * Opens a folder of pictures, a prefix of URIs that they have, or a tar of them, which is unpacked once.
 *
 * @throws SOURCE_INVALID when the path is not there or the tar is damaged
 */
export async function openImages(deps: UnpackDeps, images: string, signal?: AbortSignal): Promise<ImageFolder> {
  if (isImagePrefix(images)) return { uriOf: uriBelow(images) };
  const path = absoluteSource(images);
  const object = await firstOf(deps, path, signal);
  const root = object?.uri === path ? await unpackTar(deps, object, signal) : path.replace(/(?<=.)\/$/, '');
  return { root, uriOf: uriBelow(root) };
}

async function firstOf({ store }: UnpackDeps, path: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
  try {
    for await (const object of store.list(path, signal === undefined ? {} : { signal })) return object;
    return undefined;
  } catch (cause) {
    if (!(cause instanceof LabelstreamError) || cause.code !== 'SOURCE_INVALID') throw cause;
    throw new LabelstreamError('SOURCE_INVALID', `${cause.message} It was given as the place of the pictures.`, { cause });
  }
}

/** {@link openImages} of this machine. */
export const openLocalImages = (path: string, cacheDirectory: string): Promise<ImageFolder> =>
  openImages({ store: createLocalObjectStore(), cacheDirectory }, path);
