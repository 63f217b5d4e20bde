import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { Json } from '../kind.js';
import type { StoredObject } from './object-store.js';
import type { RawRecord } from './row.js';
import type { ListingFormat } from './spec.js';

export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** A file of listings. */
export interface ListingFile {
  readonly object: StoredObject;
  readonly format: ListingFormat;
  readonly compression: Compression;
}

/** What stands at one position of a file: a row, or one that cannot be read while those after it can. */
export type Entry = { readonly position: number; readonly record: RawRecord } | { readonly position: number; readonly problem: string };

/** A part of a file that is read on its own. */
export interface FilePart {
  /** For people: `bytes 0 to 99`. */
  readonly name: string;
  /** Rows in it, where they are known. */
  readonly rows?: number;
  /** For the reader that planned it. */
  readonly where: Json;
}

/** Columns of a file. */
export interface FileColumns {
  readonly names: readonly string[];
  /** Where rows may differ (JSON Lines), these are the columns of the first so many. */
  readonly seenInRows?: number;
}

/**
 * Reads one format. What makes the rest of a file unreadable is thrown as SOURCE_INVALID, naming the place and what was not read, after the
 * rows before it were given out.
 */
export interface FormatReader {
  /** Throws SOURCE_INVALID for an empty file. */
  columns(file: ListingFile, signal: AbortSignal): Promise<FileColumns>;
  /** The parts of a file, in order; none for a file without rows. */
  plan(file: ListingFile, signal: AbortSignal): AsyncIterable<FilePart>;
  /** Rows of a part in order, some at a time. `columns`: no others are needed. */
  read(
    file: ListingFile,
    where: Json,
    options: { readonly columns?: readonly string[]; readonly signal: AbortSignal },
  ): AsyncIterable<Entry[]>;
}

/** `catalogue.csv, line 7`; files that are not text have rows. */
export const placeIn = ({ object, format }: ListingFile, position: number): string =>
  `${object.uri}, ${format === 'csv' || format === 'jsonl' ? 'line' : 'row'} ${position}`;

/** What makes a file unreadable from a position on. Errors that say it already, or of a store that does not answer, are left as they are. */
export function unreadable(file: ListingFile, position: number, what: string, cause?: unknown): unknown {
  if (isLabelstreamError(cause)) return cause;
  const why = cause === undefined ? '' : ` (${describeError(cause)})`;
  return new LabelstreamError('SOURCE_INVALID', `${placeIn(file, position)}: ${what}${why}`, cause === undefined ? {} : { cause });
}
