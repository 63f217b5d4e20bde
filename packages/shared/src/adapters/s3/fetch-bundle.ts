import { isS3Reference } from '../../bundle/reference.js';
import type { BundleStoreSettings } from '../../model/settings.js';

/**
 * The folder of a bundle that may lie on S3: a folder is given back as it is; from S3 every file is fetched, checked against the manifest by
 * size and SHA-256, and kept in the cache folder under the id of the bundle.
 *
 * @throws BUNDLE_INVALID, OBJECT_STORE_UNAVAILABLE, CONFIG_INVALID where there are no credentials
 */
export async function fetchBundle(reference: string, settings: BundleStoreSettings): Promise<string> {
  if (!isS3Reference(reference)) return reference;
  // With it comes the client for S3, which a process that has its bundles on disk does without.
  const { fetchFromS3 } = await import('./bundle-store.js');
  return fetchFromS3(reference, settings);
}
