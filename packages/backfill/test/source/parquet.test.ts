import { describe, expect, it } from 'vitest';
import { createParquetDecoder } from '../../src/adapters/parquet/decoder.js';
import { createParquetReader } from '../../src/source/parquet.js';
import { createMemoryStore } from './memory-store.js';
import { writeParquet } from './parquet-writer.js';
import { readParts, readUntilFailure, recordsOf } from './read-all.js';

const parquetDecoder = createParquetDecoder();
const rows = Array.from({ length: 2500 }, (_, at) => ({
  id: `${at}`,
  title: `title ${at} ${'x'.repeat(20)}`,
  season: at % 2 === 0 ? 'Summer' : 'Winter',
}));

function open(bytes: Buffer, rangeBytes = 1) {
  const store = createMemoryStore({ chunkBytes: 10_000 });
  const object = store.put('s3://shop/listings.parquet', bytes);
  return {
    store,
    reader: createParquetReader({ store, parquetDecoder, rangeBytes }),
    file: { object, format: 'parquet', compression: 'none' } as const,
  };
}

describe('Parquet', () => {
  it.each([1, 40_000, 1_000_000])('gives all rows of all row groups in parts of about %i bytes, with their numbers', async (rangeBytes) => {
    const { reader, file, store } = open(writeParquet(rows, 300), rangeBytes);
    const parts = await readParts(reader, file);
    expect(parts.length).toBe(rangeBytes === 1 ? 9 : rangeBytes === 40_000 ? 4 : 1);
    expect(recordsOf(parts.flat())).toEqual(rows);
    expect(parts.flat().map(({ position }) => position)).toEqual(rows.map((_, at) => at + 1));
    expect(store.openReads()).toBe(0);
  });

  it('reads a row group that is larger than one batch, and only the columns that are wanted', async () => {
    const { reader, file } = open(writeParquet(rows, 2500));
    const [part = []] = await readParts(reader, file, ['id', 'season', 'nothing']);
    expect(recordsOf(part)).toEqual(rows.map(({ id, season }) => ({ id, season })));
  });

  it('knows its columns', async () => {
    const { reader, file } = open(writeParquet(rows, 300));
    expect(await reader.columns(file, new AbortController().signal)).toEqual({ names: ['id', 'title', 'season'] });
  });

  it.each([
    ['cut short', (bytes: Buffer) => bytes.subarray(0, 5000)],
    ['no Parquet', () => Buffer.from('PAR1 not really, but long enough to look at')],
    ['a few bytes', () => Buffer.from('PAR')],
  ])('that is %s gives nothing but a clear message', async (_, spoil) => {
    const { reader, file, store } = open(spoil(writeParquet(rows, 300)));
    const { entries, message } = await readUntilFailure(reader, file);
    expect(entries).toEqual([]);
    expect(message).toMatch(/^SOURCE_INVALID: s3:\/\/shop\/listings\.parquet, row 1: not a readable Parquet file; was it cut short\?/);
    expect(store.openReads()).toBe(0);
  });

  it('with a damaged row group gives the rows before it and says which were not read', async () => {
    const bytes = writeParquet(rows, 300);
    bytes.fill(0xff, 40_000, 42_000);
    const { reader, file } = open(bytes);
    const { entries, message } = await readUntilFailure(reader, file);
    expect(entries.length).toBe(600);
    expect(message).toMatch(/row 601: the Parquet file is damaged or cut short; rows 601 to 900 were not read/);
  });
});
