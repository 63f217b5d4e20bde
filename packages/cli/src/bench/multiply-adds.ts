import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readAnyBundle } from '@labelstream/shared/bundle/load';
import { LabelstreamError } from '@labelstream/shared/errors';

/** Multiply-adds of a listing with an image and a title. */
export interface ListingMultiplyAdds {
  /** Image tower and text tower. */
  readonly towers: number;
  readonly head: number;
}

/** What the training command has counted, by bundle id: of an encoder the towers, of a fusion bundle the head. */
const COUNTED = join('packages', 'cli', 'shapes', 'multiply-adds.json');

/** The multiply-adds of a pair of bundles. Throws BUNDLE_INVALID where they were not counted. */
export async function listingMultiplyAdds(
  repositoryRoot: string,
  { encoder, fusion }: { readonly encoder: string; readonly fusion: string },
): Promise<ListingMultiplyAdds> {
  const counted = JSON.parse(await readFile(join(repositoryRoot, COUNTED), 'utf8')) as Readonly<Record<string, number>>;
  const of = async (folder: string) => {
    const { id } = await readAnyBundle(folder);
    const multiplyAdds = counted[id];
    if (multiplyAdds === undefined) throw new LabelstreamError('BUNDLE_INVALID', `the multiply-adds of ${id} were never counted; see ${COUNTED}.`);
    return multiplyAdds;
  };
  return { towers: await of(encoder), head: await of(fusion) };
}
