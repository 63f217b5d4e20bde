import { resolve } from 'node:path';
import { gunzip } from '../../source/decompress.js';
import type { ListingsKindDeps } from '../../source/listings-kind.js';
import { createObjectStoreByScheme } from '../../source/object-store-by-scheme.js';
import type { SourceRow } from '../../source/row.js';
import { readWholeFile } from '../../source/whole-file.js';
import { createParquetDecoder } from '../parquet/decoder.js';
import { createLocalObjectStore } from './local-object-store.js';
import { openImages } from './open-images.js';
import { createS3ObjectStore, type S3ObjectStoreOptions } from './s3-object-store.js';
import { unpackTar } from './unpack.js';
import { unzstd } from './zstd.js';

const decompressors = { gzip: gunzip, zstd: unzstd } as const;
const parquetDecoder = createParquetDecoder();

export interface ListingsEdgesOptions {
  readonly s3: S3ObjectStoreOptions;
  /** Where tars of pictures are unpacked; ingest must be allowed to read it. */
  readonly cacheDirectory: string;
}

/** What {@link ListingsKindDeps} needs of files and S3. `close` ends the client of S3. */
export function openListingsEdges({ s3, cacheDirectory }: ListingsEdgesOptions): Pick<
  ListingsKindDeps,
  'store' | 'decompressors' | 'parquetDecoder' | 'unpackTar' | 'openImages'
> & {
  close(): void;
} {
  const store = createObjectStoreByScheme({ s3: createS3ObjectStore(s3), local: createLocalObjectStore() });
  const unpack = { store, cacheDirectory };
  return {
    store,
    decompressors,
    parquetDecoder,
    unpackTar: (tar, signal) => unpackTar(unpack, tar, signal),
    openImages: async (images, signal) => (await openImages(unpack, images, signal)).uriOf,
    close: () => store.close(),
  };
}

/** {@link readWholeFile} of a file of this machine. */
export const readSource = (path: string, fallbackVersion: number): AsyncGenerator<SourceRow> =>
  readWholeFile({ store: createLocalObjectStore(), decompressors, parquetDecoder }, resolve(path), fallbackVersion);
