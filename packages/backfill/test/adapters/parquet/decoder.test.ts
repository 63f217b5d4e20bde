import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type AsyncBuffer, parquetMetadataAsync } from 'hyparquet';
import { expect, it } from 'vitest';
import { createParquetDecoder } from '../../../src/adapters/parquet/decoder.js';
import type { ParquetDecoder } from '../../../src/source/parquet-decoder.js';
import { writeParquet } from '../../source/parquet-writer.js';

function corpus(name: string): Buffer {
  return readFileSync(fileURLToPath(new URL(`../../corpus/${name}`, import.meta.url)));
}
const rows = Array.from({ length: 50 }, (_, at) => ({ id: `${at}`, title: `title ${at}` }));
const whole = writeParquet(rows, 50);
/** Two rows, of which a run length of a few bytes makes billions. */
const endless = corpus('run-without-end.parquet');

const bufferOf = (bytes: Buffer): AsyncBuffer => {
  const file = Uint8Array.from(bytes).buffer;
  return { byteLength: file.byteLength, slice: async (start, end) => file.slice(start, end) };
};

async function open(decoder: ParquetDecoder, bytes: Buffer, changes: Partial<AsyncBuffer> = {}, columns?: readonly string[]) {
  const buffer = bufferOf(bytes);
  const metadata = await parquetMetadataAsync(buffer);
  return decoder.open({ buffer: { ...buffer, ...changes }, metadata, columns });
}

it('gives the rows that are asked for, of the columns that are needed, and reads each part of the file once', async () => {
  const read: string[] = [];
  const buffer = bufferOf(whole);
  const slice: AsyncBuffer['slice'] = (start, end) => {
    read.push(`${start}:${end}`);
    return buffer.slice(start, end);
  };
  const group = await open(createParquetDecoder(), whole, { slice }, ['id']);
  expect(await group.rows(0, 20)).toEqual(rows.slice(0, 20).map(({ id }) => ({ id })));
  expect(await group.rows(20, 50)).toEqual(rows.slice(20).map(({ id }) => ({ id })));
  expect(new Set(read).size).toBe(read.length);
  group.close();
});

it('a group that takes more memory than there is fails alone: the next one is decoded', async () => {
  const decoder = createParquetDecoder({ heapMb: 64, silenceMs: 20_000 });
  const group = await open(decoder, endless);
  await expect(group.rows(0, 2)).rejects.toThrow('it takes more than 64 MiB of memory');
  await expect(group.rows(0, 2)).rejects.toThrow('it takes more than 64 MiB of memory');
  group.close();
  for (let at = 0; at < 2; at++) {
    const next = await open(decoder, whole);
    expect(await next.rows(0, 50)).toEqual(rows);
    next.close();
  }
});

it('reads the footer, and fails alone with one that says it has billions of fields', async () => {
  const decoder = createParquetDecoder({ heapMb: 64, silenceMs: 1000 });
  await expect(decoder.footer(bufferOf(corpus('list-without-end.parquet')))).rejects.toThrow(
    /^(decoding )?it takes more than (1 s|64 MiB of memory)$/,
  );
  expect(await decoder.footer(bufferOf(whole))).toEqual(await parquetMetadataAsync(bufferOf(whole)));
});

it('fails with what reading the file fails with', async () => {
  const gone = new Error('the store is gone');
  await expect(createParquetDecoder().footer({ ...bufferOf(whole), slice: () => Promise.reject(gone) })).rejects.toBe(gone);
  const group = await open(createParquetDecoder(), whole, { slice: () => Promise.reject(gone) });
  await expect(group.rows(0, 50)).rejects.toBe(gone);
  group.close();
});

it('does not decode for ever, and a slow store does not count', async () => {
  const hasty = await open(createParquetDecoder({ heapMb: 64, silenceMs: 1 }), whole);
  await expect(hasty.rows(0, 50)).rejects.toThrow('decoding it takes more than 0.001 s');
  hasty.close();
  const buffer = bufferOf(whole);
  const slice: AsyncBuffer['slice'] = async (start, end) => {
    await sleep(1500);
    return buffer.slice(start, end);
  };
  const slow = await open(createParquetDecoder({ heapMb: 64, silenceMs: 1000 }), whole, { slice });
  expect(await slow.rows(0, 50)).toEqual(rows);
  slow.close();
});

it('is not used again when it is closed while it decodes', async () => {
  const decoder = createParquetDecoder();
  const group = await open(decoder, whole, { slice: () => new Promise(() => {}) });
  group.rows(0, 50).catch(() => {});
  group.close();
  const next = await open(decoder, whole);
  expect(await next.rows(0, 50)).toEqual(rows);
  next.close();
});
