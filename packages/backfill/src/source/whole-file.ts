import { basename } from 'node:path';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { fileType, KNOWN_NAMES } from './file-names.js';
import type { ListingFile } from './listing-file.js';
import type { ObjectStore } from './object-store.js';
import { createReaders, type ReadersDeps } from './readers.js';
import { type SourceRow, toRow } from './row.js';
import { WHOLE_FILE } from './text-file.js';

export type WholeFileDeps = Omit<ReadersDeps, 'rangeBytes'>;

/**
 * Reads the listings of one file, row by row.
 *
 * @param path absolute
 * @param fallbackVersion the version of rows that name none
 * @throws SOURCE_INVALID with file and line for the first row that cannot be read; rows before it have been given out
 */
export async function* readWholeFile(deps: WholeFileDeps, path: string, fallbackVersion: number): AsyncGenerator<SourceRow> {
  const file = await findFile(deps.store, path);
  if (file.object.sizeBytes === 0) return;
  const reader = createReaders({ ...deps, rangeBytes: Number.MAX_SAFE_INTEGER })[file.format];
  const { signal } = new AbortController();
  const isText = file.format === 'csv' || file.format === 'jsonl';
  for await (const { where } of isText ? [{ where: WHOLE_FILE }] : reader.plan(file, signal)) {
    for await (const entries of reader.read(file, where, { signal })) {
      for (const entry of entries) {
        if ('problem' in entry) throw invalid(file, entry.position, entry.problem);
        yield rowOf(file, entry, fallbackVersion);
      }
    }
  }
}

async function findFile(store: ObjectStore, path: string): Promise<ListingFile> {
  const named = fileType(path);
  if (named.type !== 'listings') throw new LabelstreamError('SOURCE_INVALID', `${path}: only ${KNOWN_NAMES} can be read.`);
  for await (const object of store.list(path)) {
    if (object.uri === path) return { object, format: named.format, compression: named.compression };
    break;
  }
  throw new LabelstreamError('SOURCE_INVALID', `${path}: the file cannot be read, it is a folder; check the path given with --source.`);
}

function rowOf(
  file: ListingFile,
  { position, record }: { readonly position: number; readonly record: Parameters<typeof toRow>[0] },
  version: number,
) {
  try {
    return toRow(record, version);
  } catch (error) {
    if (isLabelstreamError(error)) throw invalid(file, position, error.message, error);
    throw error;
  }
}

const invalid = ({ object, format }: ListingFile, position: number, message: string, cause?: unknown) =>
  new LabelstreamError(
    'SOURCE_INVALID',
    `${basename(object.uri)}, ${format === 'csv' || format === 'jsonl' ? 'line' : 'row'} ${position}: ${message}`,
    { cause },
  );
