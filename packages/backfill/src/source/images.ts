import { posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SourceRow } from './row.js';

/** How the image of a row is found: its URI, or undefined where it has none. */
export type ImageOf = (row: Pick<SourceRow, 'productId' | 'image'>) => string | undefined;

/** A row's image when no folder of pictures is given: only one that is a URI already. */
export const uriWithoutFolder: ImageOf = ({ image }) => (image !== undefined && isUri(image) ? image : undefined);

/** A row's image in a folder or below a prefix of URIs: as the row says, else `<id>.jpg`. */
export function uriBelow(folder: string): (row: Pick<SourceRow, 'productId' | 'image'>) => string {
  return ({ productId, image }) => {
    const name = image ?? `${productId}.jpg`;
    return isUri(name) ? name : imageUri(folder, name);
  };
}

/** Whether `images` names a prefix of URIs rather than a folder or a tar that has to be looked into. */
export const isImagePrefix = (images: string): boolean =>
  /^[a-z][a-z0-9+.-]+:\/\//i.test(images) && !/^file:/i.test(images) && !/\.tar$/i.test(images);

/** The URI of a picture, as events have it. */
export function imageUri(folder: string, name: string): string {
  if (!isUri(folder)) return pathToFileURL(posix.join(folder, name)).href;
  const prefix = folder.endsWith('/') ? folder : `${folder}/`;
  // Keys in S3 stand as they are; everywhere else a name is a part of a URL.
  return prefix + (/^s3:/i.test(folder) ? name : name.split('/').map(encodeURIComponent).join('/'));
}

const isUri = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text);
