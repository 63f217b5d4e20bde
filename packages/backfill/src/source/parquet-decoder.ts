import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import type { RawRecord } from './row.js';

/** A row group of a file. */
export interface ParquetGroup {
  /** The file as it is read; what `slice` rejects with is what {@link OpenParquetGroup.rows} rejects with. */
  readonly buffer: AsyncBuffer;
  /** Of the file, with this row group alone. */
  readonly metadata: FileMetaData;
  /** Columns that are needed; undefined: all. */
  readonly columns: readonly string[] | undefined;
}

/** A row group that is being read. */
export interface OpenParquetGroup {
  /**
   * Rows `start` to `end` (exclusive), counted from 0 within the group. One call at a time; after one that has failed there is no other.
   *
   * @throws Error that says what is wrong with the file
   */
  rows(start: number, end: number): Promise<RawRecord[]>;
  close(): void;
}

/**
 * Decodes footers and row groups. A few bytes of a damaged file can stand for billions of values, so an implementation has to bound what one
 * takes: its call then fails, and nothing else does.
 */
export interface ParquetDecoder {
  /** @throws Error that says what is wrong with the file, and what `slice` rejects with */
  footer(buffer: AsyncBuffer): Promise<FileMetaData>;
  open(group: ParquetGroup): OpenParquetGroup;
}
