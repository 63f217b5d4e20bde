import type { BundleStoreSettings } from '../model/settings.js';
import type { ObjectStore } from '../ports/object-store.js';
import { createFolderObjectStore } from './file/object-store.js';
import { createS3ObjectStore } from './s3/object-store.js';

/**
 * Opens what a text names: `s3://bucket/prefix`, or a folder, which need not exist.
 *
 * @throws CONFIG_INVALID where it is neither
 */
export function openObjectStore(place: string, settings: BundleStoreSettings): ObjectStore {
  return /^s3:/i.test(place) ? createS3ObjectStore({ place, settings }) : createFolderObjectStore(place);
}
