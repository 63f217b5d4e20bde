import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabelstreamError } from '@labelstream/shared/errors';
import { fileType, folderOfPattern, isHidden, isPattern, KNOWN_NAMES, patternToRegExp } from './file-names.js';
import type { ListingFile } from './listing-file.js';
import { readManifest } from './manifest.js';
import type { ObjectStore, StoredObject } from './object-store.js';
import type { ReadListingsSpec } from './spec.js';

/** What the sources of a backfill are: files of listings, or pictures that are listings by themselves. */
export type FoundSources =
  | { readonly type: 'files'; readonly files: readonly ListingFile[] }
  /** Folders and prefixes, with a slash at their end. */
  | { readonly type: 'pictures'; readonly folders: readonly string[] }
  | { readonly type: 'tar'; readonly object: StoredObject };

export interface FindDeps {
  readonly store: ObjectStore;
  readonly signal: AbortSignal;
}

type Options = Pick<ReadListingsSpec, 'sources' | 'format'>;

/**
 * Finds what the sources name.
 *
 * @throws SOURCE_INVALID when one is not there, or is neither listings nor pictures, or all of them are empty
 */
export async function findSources(deps: FindDeps, { sources, format }: Options): Promise<FoundSources> {
  const files: ListingFile[] = [];
  const folders: string[] = [];
  const add = (found: FoundSources, source: string) => {
    if (found.type === 'tar') throw invalid(`${source}: a tar of pictures is a source alone, without others.`);
    if (found.type === 'files') files.push(...found.files);
    else folders.push(...found.folders);
    if (files.length > 0 && folders.length > 0) throw mixed(source);
  };
  for (const source of sources) {
    const found = await findSource(deps, absoluteSource(source), format);
    if (found.type === 'tar' && sources.length === 1) return found;
    add(found, source);
  }
  if (folders.length > 0) return { type: 'pictures', folders };
  if (files.every(({ object }) => object.sizeBytes === 0))
    throw invalid(`${sources.join(', ')}: there is no listing; ${emptyHint(files.length)}`);
  return { type: 'files', files: files.filter(({ object }) => object.sizeBytes > 0) };
}

const emptyHint = (count: number) => (count === 0 ? 'the folder is empty.' : 'the files are empty.');

/** A source as it is stored: `s3:` URIs as they are, everything else as an absolute path. */
export function absoluteSource(source: string): string {
  if (/^s3:\/\//i.test(source)) return source;
  if (/^file:/i.test(source)) return pathOf(source);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) throw invalid(`${source}: only files and s3://bucket/key can be read.`);
  return resolve(source) + (source.endsWith('/') && resolve(source) !== '/' ? '/' : '');
}

function pathOf(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch (cause) {
    throw new LabelstreamError('SOURCE_INVALID', `${uri}: not a file URI; write it as file:///folder/file.`, { cause });
  }
}

async function findSource(deps: FindDeps, source: string, format: Options['format']): Promise<FoundSources> {
  if (isPattern(source)) return findPattern(deps, source, format);
  const files: ListingFile[] = [];
  for await (const object of deps.store.list(source, { signal: deps.signal })) {
    if (object.uri === source) return findFile(deps, object, format);
    if (isHidden(object.uri)) continue;
    const named = fileType(object.uri, format);
    if (named.type === 'picture' && files.length === 0)
      return { type: 'pictures', folders: [source.endsWith('/') ? source : `${source}/`] };
    files.push(listingFile(object, format, source));
  }
  return { type: 'files', files };
}

async function findPattern({ store, signal }: FindDeps, pattern: string, format: Options['format']): Promise<FoundSources> {
  const fits = patternToRegExp(pattern);
  const files: ListingFile[] = [];
  for await (const object of store.list(folderOfPattern(pattern), { signal })) {
    if (fits.test(object.uri) && !isHidden(object.uri)) files.push(listingFile(object, format, pattern));
  }
  if (files.length === 0) throw invalid(`${pattern}: no file has such a name.`);
  return { type: 'files', files };
}

async function findFile(deps: FindDeps, object: StoredObject, format: Options['format']): Promise<FoundSources> {
  const named = fileType(object.uri, format);
  if (named.type === 'tar') return { type: 'tar', object };
  if (named.type !== 'manifest') return { type: 'files', files: [listingFile(object, format, object.uri)] };
  const files: ListingFile[] = [];
  for (const entry of await readManifest(deps, object)) {
    const uri = absoluteSource(entry);
    for await (const found of deps.store.list(uri, { signal: deps.signal })) {
      if (found.uri !== uri) throw invalid(`${object.uri}: ${entry} is a folder; a manifest names files.`);
      files.push(listingFile(found, format, object.uri));
    }
  }
  return { type: 'files', files };
}

function listingFile(object: StoredObject, format: Options['format'], source: string): ListingFile {
  const named = fileType(object.uri, format);
  if (named.type === 'listings') return { object, format: named.format, compression: named.compression };
  if (named.type === 'picture')
    throw source === object.uri ? invalid(`${source} is a picture; give the folder that it is in.`) : mixed(source);
  const hint =
    source === object.uri ? 'say what it is with the format.' : `name those that are meant, as in ${source.replace(/\/?$/, '/')}*.csv.`;
  throw invalid(`${object.uri}: only ${KNOWN_NAMES} can be read; ${hint}`);
}

const mixed = (source: string) =>
  invalid(`${source}: there are listings and pictures; name either, and the pictures of listings apart from them.`);

const invalid = (message: string) => new LabelstreamError('SOURCE_INVALID', message);
