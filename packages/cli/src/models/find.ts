import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readAnyBundle } from '@labelstream/shared/bundle/load';
import type { Bundle } from '@labelstream/shared/bundle/manifest';
import { describeError, LabelstreamError } from '@labelstream/shared/errors';

/** A folder with a manifest, and what it is. */
export type Found = { readonly folder: string } & ({ readonly bundle: Bundle } | { readonly problem: string });

/** The bundles below a folder, or the folder itself where it is one; files are not read, but their manifests are checked. Throws USAGE. */
export async function findBundles(folder: string): Promise<readonly Found[]> {
  if (await hasManifest(folder)) return [await readOne(folder)];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw new LabelstreamError('USAGE', `There is no folder ${folder}.`);
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const withManifest = await Promise.all(folders.toSorted().map(async (each) => ((await hasManifest(each)) ? [each] : [])));
  return Promise.all(withManifest.flat().map(readOne));
}

async function hasManifest(folder: string): Promise<boolean> {
  return access(join(folder, 'manifest.json')).then(
    () => true,
    () => false,
  );
}

async function readOne(folder: string): Promise<Found> {
  try {
    return { folder, bundle: await readAnyBundle(folder) };
  } catch (error) {
    return { folder, problem: describeError(error) };
  }
}
