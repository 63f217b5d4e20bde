import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { schemeOf } from '@labelstream/shared/image/by-scheme';
import type { Env } from '../config.js';

/**
 * The bytes of a picture that the user names, by path or by URI; as it is the user who asks, any file may be read. Throws SOURCE_INVALID for
 * a file, and what an image source throws for anything else.
 */
export async function readNamedImage(name: string, env: Env, signal: AbortSignal): Promise<Uint8Array> {
  const scheme = schemeOf(name);
  if (scheme !== undefined && scheme !== 'file') return fetchImage(name, env, signal);
  return readFile(scheme === 'file' ? fileURLToPath(name) : name).catch((cause: NodeJS.ErrnoException) => {
    throw new LabelstreamError('SOURCE_INVALID', `The picture ${name} cannot be read (${cause.code ?? cause.message}).`, { cause });
  });
}

/** The bytes of a listing's picture, under the rules that ingest has: IMAGE_FILE_ROOT, hosts, sizes. Throws what an image source throws. */
export async function fetchImage(uri: string, env: Env, signal: AbortSignal): Promise<Uint8Array> {
  // With the sources come all client libraries: loaded here, they cost `--help` nothing.
  const [{ openImageSources }, { ingestSettings }] = await Promise.all([
    import('@labelstream/ingest/adapters/image-sources'),
    import('@labelstream/ingest/config'),
  ]);
  const source = openImageSources(readConfig(ingestSettings, env));
  try {
    return await source.fetch({ uri }, signal);
  } finally {
    source.close();
  }
}
