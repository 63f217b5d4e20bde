import { LabelstreamError } from '@labelstream/shared/errors';
import { z } from 'zod';
import type { Json } from '../kind.js';
import { columnsIn, csvEntry, describeProblem } from './csv.js';
import type { Decompressors } from './decompress.js';
import { jsonEntry } from './json-lines.js';
import { type Entry, type FileColumns, type FilePart, type FormatReader, type ListingFile, placeIn, unreadable } from './listing-file.js';
import type { ByteRange, ObjectStore } from './object-store.js';
import { type SplitOptions, splitRows, type TextRow } from './text-rows.js';

export interface TextFileDeps {
  readonly store: ObjectStore;
  readonly decompressors: Decompressors;
  /** Size of a part, about: it ends with a row. */
  readonly rangeBytes: number;
}

/** Bytes of a part, and the line in which they begin; a compressed file is one part. */
const whereSchema = z.union([z.strictObject({ start: z.int(), end: z.int(), line: z.int() }), z.strictObject({})]);

/** All of a file that is not planned first. */
export const WHOLE_FILE: Json = {};

/** Rows in which the columns of a JSON Lines file are looked for. */
const FIRST_ROWS = 1000;
const FIRST_BYTES = 1024 * 1024;
const UTF_16_MARKS = ['fffe', 'feff'];

/** Reads CSV (RFC 4180, with a header) and JSON Lines, UTF-8 with or without a byte order mark. */
export function createTextReader({ store, decompressors, rangeBytes }: TextFileDeps): FormatReader {
  async function* rowsOf(file: ListingFile, options: Partial<SplitOptions> & { readonly bytes?: ByteRange; readonly signal: AbortSignal }) {
    const { object, compression } = file;
    const stored = store.read(object, options.bytes, options.signal);
    const bytes = compression === 'none' ? stored : decompressors[compression](stored);
    let line = options.line ?? 1;
    try {
      for await (const rows of splitRows(bytes, { offset: 0, line, quotes: file.format === 'csv', ...options })) {
        line = (rows.at(-1)?.lastLine ?? line) + 1;
        yield rows;
      }
    } catch (error) {
      throw unreadable(file, line, 'the compressed file is damaged or cut short; from here on it was not read', error);
    }
  }

  /** The first rows, at most {@link FIRST_BYTES} of them. */
  async function firstRows(file: ListingFile, signal: AbortSignal): Promise<TextRow[]> {
    const { compression, object } = file;
    const isWhole = compression !== 'none' || object.sizeBytes <= FIRST_BYTES;
    for await (const rows of rowsOf(file, { signal, ...(isWhole ? {} : { bytes: { start: 0, end: FIRST_BYTES } }) })) return rows;
    return [];
  }

  async function headerOf(file: ListingFile, signal: AbortSignal): Promise<string[]> {
    const [first] = await firstRows(file, signal);
    if (first === undefined) throw empty(file);
    return header(file, first);
  }

  async function columns(file: ListingFile, signal: AbortSignal): Promise<FileColumns> {
    if (file.format === 'csv') return { names: await headerOf(file, signal) };
    const records = (await firstRows(file, signal)).slice(0, FIRST_ROWS).map(jsonEntry);
    const seen = records.filter((entry) => entry !== undefined);
    if (seen.length === 0) throw empty(file);
    const names = seen.flatMap((entry) => ('record' in entry ? Object.keys(entry.record) : []));
    return { names: [...new Set(names)], seenInRows: seen.length };
  }

  async function* plan(file: ListingFile, signal: AbortSignal): AsyncGenerator<FilePart> {
    if (file.compression !== 'none') {
      yield { name: 'all of it', where: WHOLE_FILE };
      return;
    }
    const cutter = createCutter(rangeBytes, file.format === 'csv');
    for await (const rows of rowsOf(file, { signal })) yield* rows.flatMap(cutter.add);
    yield* cutter.end(file.object.sizeBytes);
  }

  async function* read(file: ListingFile, where: Json, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<Entry[]> {
    const part = whereSchema.parse(where);
    const place = 'start' in part ? { offset: part.start, line: part.line, bytes: { start: part.start, end: part.end } } : {};
    const columnNames = file.format === 'csv' && 'start' in part ? await headerOf(file, signal) : undefined;
    const toEntry = entryMaker(file, columnNames);
    for await (const rows of rowsOf(file, { ...place, signal })) yield rows.map(toEntry).filter((entry) => entry !== undefined);
  }

  return { columns, plan, read };
}

/** Makes entries of rows. Where its columns are not known yet, the first row of a CSV file names them. */
function entryMaker(file: ListingFile, columnNames: readonly string[] | undefined): (row: TextRow) => Entry | undefined {
  let known = columnNames;
  return (row) => {
    if (file.format === 'jsonl') return jsonEntry(row);
    if (known === undefined) {
      known = header(file, row);
      return undefined;
    }
    if (row.problem !== 'QUOTE_NOT_CLOSED') return csvEntry(row, known);
    // Always the last row, and told alone, so that none before it is kept back.
    throw unreadable(file, row.line, `${describeProblem(row.problem, row)}. Correct it and start again`);
  };
}

interface OpenPart {
  readonly start: number;
  readonly line: number;
  rows: number;
}

/** Cuts a file into parts that begin with a row and are at least so large. */
function createCutter(rangeBytes: number, hasHeader: boolean) {
  let isHeader = hasHeader;
  let part: OpenPart | undefined;
  return {
    add({ start, line }: TextRow): FilePart[] {
      const full = part !== undefined && start - part.start >= rangeBytes ? [closePart(part, start)] : [];
      if (full.length > 0) part = undefined;
      if (!isHeader) {
        part ??= { start, line, rows: 0 };
        part.rows += 1;
      }
      isHeader = false;
      return full;
    },
    end: (sizeBytes: number): FilePart[] => (part === undefined ? [] : [closePart(part, sizeBytes)]),
  };
}

const closePart = ({ start, line, rows }: OpenPart, end: number): FilePart => ({
  name: `bytes ${start} to ${end - 1}`,
  rows,
  where: { start, end, line },
});

function header(file: ListingFile, row: TextRow): string[] {
  const firstBytes = Buffer.from(row.bytes.subarray(0, 2)).toString('hex');
  if (UTF_16_MARKS.includes(firstBytes)) throw unreadable(file, row.line, 'the file is UTF-16; save it as UTF-8');
  if (row.problem !== undefined) throw unreadable(file, row.line, describeProblem(row.problem, row));
  return columnsIn(row);
}

const empty = (file: ListingFile) =>
  new LabelstreamError(
    'SOURCE_INVALID',
    `${file.object.uri} is empty; ${file.format === 'csv' ? 'a CSV file begins with the names of its columns' : 'it has no listing'}. (${placeIn(file, 1)})`,
  );
