import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, isLabelstreamError, LabelstreamError } from '../../errors.js';
import { describeUri } from '../../image/describe-uri.js';
import { imageTooLarge, readLimited } from '../../image/read-limited.js';
import type { ImageSource } from '../../ports/image-source.js';

const CHUNK_BYTES = 64 * 1024;

export interface FileImageSourceOptions {
  /** The only folder that may be read, with all below it; without one no file may be read. */
  readonly root?: string;
  readonly maxBytes: number;
}

/** Images in files. Links are followed only as long as they stay under the root; only regular files are read. */
export function createFileImageSource({ root, maxBytes }: FileImageSourceOptions): ImageSource {
  let knownRoot: string | undefined;

  async function read(uri: string, signal?: AbortSignal): Promise<Uint8Array> {
    if (root === undefined) throw refuse('files may not be read', uri);
    const path = toPath(uri);
    knownRoot ??= await realpath(root);
    const realRoot = knownRoot;
    if (!isUnder(resolve(root), path) && !isUnder(realRoot, path)) throw refuse('outside of the allowed folder', uri);
    const realPath = await realpath(path);
    if (!isUnder(realRoot, realPath)) throw refuse('leads outside of the allowed folder', uri);
    // A FIFO must not block the opening, and the last part must not have become a link since.
    const file = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      return await readRegular(file, uri, signal);
    } finally {
      await file.close();
    }
  }

  async function readRegular(file: FileHandle, uri: string, signal?: AbortSignal): Promise<Uint8Array> {
    const stats = await file.stat();
    if (!stats.isFile()) throw refuse('not a regular file', uri);
    if (stats.size > maxBytes) throw imageTooLarge(maxBytes);
    return readLimited(chunksOf(file, signal), maxBytes);
  }

  return {
    async fetch({ uri }, signal) {
      try {
        return await read(uri, signal);
      } catch (error) {
        if (isLabelstreamError(error)) throw error;
        throw new LabelstreamError(codeOf(error), `${describeUri(uri)} cannot be read`, { cause: error });
      }
    },
  };
}

async function* chunksOf(file: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

function toPath(uri: string): string {
  try {
    return resolve(fileURLToPath(uri));
  } catch (error) {
    throw new LabelstreamError('IMAGE_URI_INVALID', `not a file URI: ${describeUri(uri)}`, { cause: error });
  }
}

function isUnder(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function refuse(why: string, uri: string): LabelstreamError {
  return new LabelstreamError('IMAGE_URI_FORBIDDEN', `${why}: ${describeUri(uri)}`);
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'IMAGE_NOT_FOUND',
  ENOTDIR: 'IMAGE_NOT_FOUND',
  EACCES: 'IMAGE_ACCESS_DENIED',
  EPERM: 'IMAGE_ACCESS_DENIED',
  ELOOP: 'IMAGE_URI_FORBIDDEN',
  ENXIO: 'IMAGE_URI_FORBIDDEN',
  ENAMETOOLONG: 'IMAGE_URI_INVALID',
  ERR_INVALID_ARG_VALUE: 'IMAGE_URI_INVALID',
};

function codeOf(error: unknown): ErrorCode {
  return CODES[(error as NodeJS.ErrnoException).code ?? ''] ?? 'IMAGE_FETCH_FAILED';
}
