import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

/** Depth of this file below the repository root, the same in src/ and dist/. */
const HERE = dirname(fileURLToPath(import.meta.url));
const SHARED_ROOT = resolve(HERE, '../../..');
const REPOSITORY_ROOT = resolve(SHARED_ROOT, '../..');

/** An absolute bundle folder; a relative one is taken from the repository root, wherever the process was started. */
export function bundleDirectory(path: string): string {
  return isAbsolute(path) ? path : join(REPOSITORY_ROOT, path);
}

/** The bundle manifest's JSON schema, as shipped in contracts/. */
export async function readManifestSchema(): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(SHARED_ROOT, 'contracts/bundle/manifest.schema.json'), 'utf8'));
}

/** Bytes of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Hex SHA-256 and size of a file, or undefined where there is none. */
export async function fingerprint(path: string): Promise<{ sha256: string; sizeBytes: number } | undefined> {
  try {
    const { size } = await stat(path);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return { sha256: hash.digest('hex'), sizeBytes: size };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR';
}
