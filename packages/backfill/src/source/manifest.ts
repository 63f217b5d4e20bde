import { LabelstreamError } from '@labelstream/shared/errors';
import { z } from 'zod';
import type { ObjectStore, StoredObject } from './object-store.js';

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** A list of names; or as Amazon's unload commands write it: `{"entries": [{"url": …}]}`. */
const jsonSchema = z.union([
  z.array(z.string().min(1)),
  z.object({ entries: z.array(z.object({ url: z.string().min(1) })) }).transform(({ entries }) => entries.map(({ url }) => url)),
]);

/**
 * The names of files that a manifest lists: a line each in a text file (`#` begins a remark), or JSON. Relative names are beside the manifest.
 *
 * @throws SOURCE_INVALID
 */
export async function readManifest(
  { store, signal }: { readonly store: ObjectStore; readonly signal: AbortSignal },
  manifest: StoredObject,
): Promise<string[]> {
  const wrong = (message: string, cause?: unknown) =>
    new LabelstreamError('SOURCE_INVALID', `${manifest.uri}: ${message}`, cause === undefined ? {} : { cause });
  if (manifest.sizeBytes > MAX_MANIFEST_BYTES) throw wrong('it is too large for a list of files.');
  const parts: Uint8Array[] = [];
  for await (const part of store.read(manifest, undefined, signal)) parts.push(part);
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
  const names = /\.json$/i.test(manifest.uri) ? fromJson(text, wrong) : fromLines(text);
  if (names.length === 0) throw wrong('it lists no file.');
  const folder = manifest.uri.slice(0, manifest.uri.lastIndexOf('/') + 1);
  return names.map((name) => (/^([a-z][a-z0-9+.-]+:|\/)/i.test(name) ? name : `${folder}${name}`));
}

function fromJson(text: string, wrong: (message: string, cause?: unknown) => LabelstreamError): string[] {
  try {
    return jsonSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw wrong('not a list of files; write ["s3://bucket/a.csv", …], or one name a line in a .txt file.', cause);
  }
}

const fromLines = (text: string): string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
