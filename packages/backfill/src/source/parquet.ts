import { type AsyncBuffer, type FileMetaData, parquetSchema, type SchemaTree } from 'hyparquet';
import { z } from 'zod';
import type { Json } from '../kind.js';
import { type Entry, type FileColumns, type FilePart, type FormatReader, type ListingFile, unreadable } from './listing-file.js';
import type { ObjectStore } from './object-store.js';
import type { OpenParquetGroup, ParquetDecoder } from './parquet-decoder.js';
import { rememberLast } from './remember.js';

export interface ParquetDeps {
  readonly store: ObjectStore;
  readonly parquetDecoder: ParquetDecoder;
  /** Row groups that are smaller together are one part. */
  readonly rangeBytes: number;
}

const whereSchema = z.strictObject({ rowStart: z.int(), rowEnd: z.int() });
const ROWS_AT_ONCE = 2000;
const NOT_READABLE = 'not a readable Parquet file; was it cut short?';

/** Reads Parquet: only the footer, and the needed columns of one row group at a time. */
export function createParquetReader({ store, parquetDecoder, rangeBytes }: ParquetDeps): FormatReader {
  const footerOf = rememberLast(nameOf, readFooter);
  // Every part of a file asks for them.
  const groupsOf = rememberLast(nameOf, async (file, signal) => groupsIn(file, await footerOf(file, signal)));

  async function readFooter(file: ListingFile, signal: AbortSignal): Promise<Footer> {
    try {
      const metadata = await parquetDecoder.footer(bufferOf(file, signal));
      return { metadata, schema: parquetSchema(metadata) };
    } catch (error) {
      throw unreadable(file, 1, NOT_READABLE, error);
    }
  }

  function bufferOf({ object }: ListingFile, signal: AbortSignal): AsyncBuffer {
    return {
      byteLength: object.sizeBytes,
      async slice(start, end = object.sizeBytes) {
        if (!(start >= 0 && start <= end && end <= object.sizeBytes)) throw new Error(`it has no bytes ${start} to ${end}`);
        const parts: Uint8Array[] = [];
        for await (const part of store.read(object, { start, end }, signal)) parts.push(part);
        const { buffer, byteOffset, byteLength } = Buffer.concat(parts);
        return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
      },
    };
  }

  async function columns(file: ListingFile, signal: AbortSignal): Promise<FileColumns> {
    return { names: namesIn(await footerOf(file, signal)) };
  }

  async function* plan(file: ListingFile, signal: AbortSignal): AsyncGenerator<FilePart> {
    let part: { rowStart: number; rowEnd: number; sizeBytes: number } | undefined;
    for (const { rowStart, rowEnd, sizeBytes } of await groupsOf(file, signal)) {
      if (part !== undefined && part.sizeBytes + sizeBytes > rangeBytes) {
        yield partOf(part);
        part = undefined;
      }
      part ??= { rowStart, rowEnd, sizeBytes: 0 };
      part.rowEnd = rowEnd;
      part.sizeBytes += sizeBytes;
    }
    if (part !== undefined) yield partOf(part);
  }

  async function* read(
    file: ListingFile,
    where: Json,
    options: { readonly columns?: readonly string[]; readonly signal: AbortSignal },
  ): AsyncGenerator<Entry[]> {
    const part = whereSchema.parse(where);
    const names = namesIn(await footerOf(file, options.signal));
    const columns = options.columns && names.filter((name) => options.columns?.includes(name));
    for (const group of await groupsOf(file, options.signal)) {
      if (group.rowStart < part.rowStart || group.rowEnd > part.rowEnd) continue;
      const opened = parquetDecoder.open({ buffer: bufferOf(file, options.signal), metadata: group.metadata, columns });
      try {
        yield* rowsOf(file, group, opened, part.rowEnd);
      } finally {
        opened.close();
      }
    }
  }

  async function* rowsOf(file: ListingFile, group: RowGroup, opened: OpenParquetGroup, lastRow: number): AsyncGenerator<Entry[]> {
    for (let rowStart = group.rowStart; rowStart < group.rowEnd; rowStart += ROWS_AT_ONCE) {
      const rowEnd = Math.min(rowStart + ROWS_AT_ONCE, group.rowEnd);
      const rows = await opened.rows(rowStart - group.rowStart, rowEnd - group.rowStart).catch((error: unknown) => {
        const lost = `rows ${rowStart + 1} to ${lastRow} were not read`;
        throw unreadable(file, rowStart + 1, `the Parquet file is damaged or cut short; ${lost}`, error);
      });
      yield rows.map((record, at) => ({ position: rowStart + at + 1, record }));
    }
  }

  return { columns, plan, read };
}

const nameOf = ({ object }: ListingFile) => `${object.uri} ${object.tag}`;

interface Footer {
  readonly metadata: FileMetaData;
  readonly schema: SchemaTree;
}

const namesIn = ({ schema }: Footer): string[] => schema.children.map(({ element }) => element.name);

interface RowGroup {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly sizeBytes: number;
  /** Of the file, with this row group alone. */
  readonly metadata: FileMetaData;
}

/** Throws SOURCE_INVALID where a count is none, or columns are not those of the schema: the reader takes a footer as it finds it. */
function groupsIn(file: ListingFile, { metadata, schema }: Footer): RowGroup[] {
  const columns = leavesOf(schema);
  let rowStart = 0;
  return metadata.row_groups.map((group, at) => {
    if (!hasColumns(group, columns))
      throw unreadable(file, rowStart + 1, `the Parquet file is damaged: row group ${at + 1} has other columns than its schema`);
    const [rows, sizeBytes] = [Number(group.num_rows), Number(group.total_compressed_size ?? group.total_byte_size)];
    const rowEnd = rowStart + rows;
    if (!Number.isSafeInteger(rows) || rows < 0 || !Number.isSafeInteger(rowEnd) || Number.isNaN(sizeBytes))
      throw unreadable(file, rowStart + 1, `the Parquet file is damaged: row group ${at + 1} does not say how many rows it has`);
    const found = { rowStart, rowEnd, sizeBytes, metadata: { ...metadata, row_groups: [group] } };
    rowStart = rowEnd;
    return found;
  });
}

/** The columns that have values, each by its path. */
const leavesOf = ({ children, path }: SchemaTree): string[] => (children.length === 0 ? [pathName(path)] : children.flatMap(leavesOf));
const pathName = (path: readonly string[] | undefined) => JSON.stringify(path);

/** Whether a row group has each column once, in order, as the format wants it. What else is in there hyparquet reads as well, and nobody waits for it. */
function hasColumns({ columns }: FileMetaData['row_groups'][number], leaves: readonly string[]): boolean {
  const paths = columns.map(({ meta_data }) => pathName(meta_data?.path_in_schema));
  return new Set(leaves).size === leaves.length && paths.length === leaves.length && leaves.every((leaf, at) => leaf === paths[at]);
}

const partOf = ({ rowStart, rowEnd }: Pick<RowGroup, 'rowStart' | 'rowEnd'>): FilePart => ({
  name: `rows ${rowStart + 1} to ${rowEnd}`,
  rows: rowEnd - rowStart,
  where: { rowStart, rowEnd },
});
