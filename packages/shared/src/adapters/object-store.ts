import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeError, LabelstreamError } from '../errors.js';
import type { BundleStoreSettings } from '../model/settings.js';
import type { ObjectStore } from '../ports/object-store.js';
import { createFolderObjectStore } from './file/object-store.js';
import { createS3ObjectStore } from './s3/object-store.js';

/**
 * Opens what a text names: `s3://bucket/prefix`, or a folder by its absolute path or `file:` URI, which need not exist. A relative path is
 * refused: each process would take it from its own working directory, and find another store than the one before it.
 *
 * @throws CONFIG_INVALID where it is neither
 */
export function openObjectStore(place: string, settings: BundleStoreSettings): ObjectStore {
  return /^s3:/i.test(place) ? createS3ObjectStore({ place, settings }) : createFolderObjectStore(folderOf(place));
}

function folderOf(place: string): string {
  if (/^file:/i.test(place)) return pathOf(place);
  if (isAbsolute(place)) return place;
  const what = /^[a-z][a-z0-9+.-]+:/i.test(place)
    ? 'is neither s3://bucket/prefix nor a folder'
    : 'is a relative path, which every process would take from its own working directory; give an absolute one';
  throw new LabelstreamError('CONFIG_INVALID', `"${place.slice(0, 200)}" ${what}`);
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new LabelstreamError('CONFIG_INVALID', `${uri.slice(0, 200)} names no folder: ${describeError(cause)}`, { cause });
  }
}
