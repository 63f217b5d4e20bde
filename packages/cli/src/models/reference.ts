import { resolve } from 'node:path';
import { fetchBundle } from '@labelstream/shared/adapters/s3/fetch-bundle';
import { isS3Reference } from '@labelstream/shared/bundle/reference';
import { readConfig } from '@labelstream/shared/config';
import { type BundleStoreSettings, bundleStoreSettings } from '@labelstream/shared/model/settings';
import type { CliConfig } from '../config.js';

type Environment = Pick<CliConfig, 'env'>;

/** A bundle as every process can find it: `s3://…` as it is, a folder absolute. */
export const bundleReference = (given: string): string => (isS3Reference(given) ? given : resolve(given));

/** How this process reaches S3, and where it keeps what it fetches. Throws CONFIG_INVALID. */
export const bundleStore = ({ env }: Environment): BundleStoreSettings => readConfig(bundleStoreSettings, env);

/** The folder of a bundle, which is fetched where it lies on S3. Throws BUNDLE_INVALID, OBJECT_STORE_UNAVAILABLE, CONFIG_INVALID. */
export async function bundleFolder(given: string, config: Environment): Promise<string> {
  return fetchBundle(bundleReference(given), bundleStore(config));
}
