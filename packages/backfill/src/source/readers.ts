import { createAvroReader } from './avro.js';
import type { Decompressors } from './decompress.js';
import type { FormatReader } from './listing-file.js';
import type { ObjectStore } from './object-store.js';
import { createParquetReader } from './parquet.js';
import type { ParquetDecoder } from './parquet-decoder.js';
import type { ListingFormat } from './spec.js';
import { createTextReader } from './text-file.js';

export interface ReadersDeps {
  readonly store: ObjectStore;
  readonly decompressors: Decompressors;
  readonly parquetDecoder: ParquetDecoder;
  readonly rangeBytes: number;
}

/** The reader of each format. */
export function createReaders(deps: ReadersDeps): Readonly<Record<ListingFormat, FormatReader>> {
  const text = createTextReader(deps);
  return { csv: text, jsonl: text, parquet: createParquetReader(deps), avro: createAvroReader(deps) };
}
