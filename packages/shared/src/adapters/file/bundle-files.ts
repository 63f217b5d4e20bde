import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
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

/** Whether a file of a folder lies in it, also after all links were followed; true where there is none. */
export async function staysInside(folder: string, file: string): Promise<boolean> {
  try {
    return (await realpath(join(folder, file))).startsWith(`${await realpath(folder)}${sep}`);
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
}

/** Hex SHA-256 and size of a file, or undefined where there is none. */
export async function fingerprint(path: string): Promise<{ sha256: string; sizeBytes: number } | undefined> {
  try {
    const found = await stat(path);
    // Reading a pipe or a device may never end.
    if (!found.isFile()) return undefined;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    return { sha256: hash.digest('hex'), sizeBytes: found.size };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A loop of links leads nowhere, and a name with a zero byte or beyond all length names nothing. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE']);

const isMissing = (error: unknown): boolean => MISSING.has((error as NodeJS.ErrnoException).code ?? '');
