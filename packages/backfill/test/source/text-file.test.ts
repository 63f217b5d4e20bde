import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unzstd } from '../../src/adapters/source/zstd.js';
import { gunzip } from '../../src/source/decompress.js';
import type { Compression, ListingFile } from '../../src/source/listing-file.js';
import { createTextReader } from '../../src/source/text-file.js';
import { createMemoryStore } from './memory-store.js';
import { readParts, readUntilFailure, recordsOf } from './read-all.js';

interface Options {
  readonly rangeBytes?: number;
  readonly chunkBytes?: number;
  readonly compression?: Compression;
  readonly format?: 'csv' | 'jsonl';
}

function open(
  content: string | Uint8Array,
  { rangeBytes = 1_000_000, chunkBytes = 1000, compression = 'none', format = 'csv' }: Options = {},
) {
  const store = createMemoryStore({ chunkBytes });
  const object = store.put(`s3://shop/listings.${format}`, content);
  const file: ListingFile = { object, format, compression };
  return { store, file, reader: createTextReader({ store, decompressors: { gzip: gunzip, zstd: unzstd }, rangeBytes }) };
}

const sizes = fc.record({ rangeBytes: fc.integer({ min: 1, max: 300 }), chunkBytes: fc.integer({ min: 1, max: 64 }) });

/** Fields with all that makes CSV hard, quoted where they must be, and sometimes where they need not. */
const cell = fc
  .tuple(fc.string({ unit: fc.constantFrom('a', 'é', '😀', '"', ',', '\n', '\r', '\r\n', ' ') }), fc.boolean())
  .map(([text, isQuoted]) => {
    return isQuoted || /["\n\r,]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
const table = fc
  .record({
    rows: fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 })),
    end: fc.constantFrom('\n', '\r\n', '\r'),
    hasMark: fc.boolean(),
    endsOpen: fc.boolean(),
  })
  .map(({ rows, end, hasMark, endsOpen }) => {
    const header = rows[0]!.map((_, at) => `column ${at}`).join(',');
    const lines = [header, ...rows.map((row) => row.join(','))];
    return { text: `${hasMark ? '\uFEFF' : ''}${lines.join(end)}${endsOpen ? '' : end}`, end };
  });

const lineOf = (text: string, offset: number) => text.slice(0, offset).split(/\r\n|\n|\r/).length;

describe('CSV', () => {
  it('gives, in parts and chunks of any size, the rows that csv-parse gives of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(table, sizes, async ({ text, end }, options) => {
        const { reader, file, store } = open(text, options);
        const entries = (await readParts(reader, file)).flat();
        expect(recordsOf(entries)).toEqual(parse(text, { columns: true, bom: true, skip_empty_lines: true, record_delimiter: end }));
        expect(store.openReads()).toBe(0);
      }),
    );
  });

  it('names the line in which a row begins, whatever part it is in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), sizes, async (cells, options) => {
        const rows = cells.map((text, at) => `${at},${text}\n`);
        const text = `id,title\n${rows.join('')}`;
        const { reader, file } = open(text, options);
        const entries = (await readParts(reader, file)).flat();
        const starts = rows.map((_, at) => lineOf(text, `id,title\n${rows.slice(0, at).join('')}`.length));
        expect(entries.map(({ position }) => position)).toEqual(starts);
      }),
    );
  });

  it('cuts parts no smaller than asked for, each at the beginning of a row, and reads no more than one', async () => {
    const { reader, file, store } = open(`id,title\n${Array.from({ length: 1000 }, (_, at) => `${at},"two\nlines"\n`).join('')}`, {
      rangeBytes: 3000,
    });
    const parts = await readParts(reader, file);
    expect(parts.length).toBeGreaterThan(4);
    expect(parts.flat().length).toBe(1000);
    for (const part of parts) expect(recordsOf(part)[0]).toMatchObject({ title: 'two\nlines' });
    expect(store.openReads()).toBe(0);
  });

  it.each([
    ['a quote within a field', '2,a 24" screen', /INVALID_OPENING_QUOTE/],
    ['text after a closing quote', '2,"a" screen', /INVALID_CLOSING_QUOTE/],
    ['too many fields', '2,a,b', /3 fields in a file of 2 columns/],
    ['too few fields', '2', /1 fields in a file of 2 columns/],
  ])('goes on after a row with %s', async (_, row, problem) => {
    const { reader, file } = open(`id,title\n1,ok\n${row}\n3,ok\n`);
    const [entries = []] = await readParts(reader, file);
    expect(entries).toEqual([
      { position: 2, record: { id: '1', title: 'ok' } },
      { position: 3, problem: expect.stringMatching(problem) },
      { position: 4, record: { id: '3', title: 'ok' } },
    ]);
  });

  it('says which lines are lost to a quote that ends in a later row, and sends none of them', async () => {
    const { reader, file } = open('id,title\n1,ok\n2,"broken\n3,ok\n4,"fine",\n5,ok\n');
    const [entries = []] = await readParts(reader, file);
    expect(entries.slice(1)).toEqual([
      { position: 3, problem: expect.stringContaining('lines 3 to 5 were not read') },
      { position: 6, record: { id: '5', title: 'ok' } },
    ]);
  });

  it('gives the rows before a quote that never ends, and then says what was not read', async () => {
    const rows = Array.from({ length: 500 }, (_, at) => `${at},${at === 400 ? '"' : ''}title\n`).join('');
    for (const rangeBytes of [50, 1_000_000]) {
      const { reader, file } = open(`id,title\n${rows}`, { rangeBytes });
      const { entries, message } = await readUntilFailure(reader, file);
      expect(entries.length).toBe(400);
      expect(message).toMatch(/^SOURCE_INVALID: s3:\/\/shop\/listings\.csv, line 402: .*never closed; lines 402 to 501 were not read/);
    }
  });

  it('refuses UTF-16, a broken header and an empty file', async () => {
    const { signal } = new AbortController();
    const bad = ['\uFEFF', 'id,ti"tle\n1,a\n', ''].map((text, at) => open(at === 0 ? Buffer.from(`${text}id\n1\n`, 'utf16le') : text));
    const messages = await Promise.all(
      bad.map(({ reader, file }) => reader.columns(file, signal).then(String, (error: Error) => error.message)),
    );
    expect(messages).toEqual([
      expect.stringContaining('UTF-16'),
      expect.stringContaining('INVALID_OPENING_QUOTE'),
      expect.stringContaining('is empty'),
    ]);
  });
});

const json = fc.array(
  fc.dictionary(fc.constantFrom('id', 'title', 'x'), fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant('\u2028'))),
);

describe('JSON Lines', () => {
  it('gives, in parts and chunks of any size, the rows of the whole with their lines', async () => {
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom('\n', '\r\n', '\n\n'), sizes, async (rows, end, options) => {
        const text = rows.map((row) => JSON.stringify(row) + end).join('');
        const { reader, file } = open(text, { ...options, format: 'jsonl' });
        const entries = (await readParts(reader, file)).flat();
        expect(recordsOf(entries)).toEqual(JSON.parse(JSON.stringify(rows)));
        expect(entries.map(({ position }) => position)).toEqual(rows.map((_, at) => at * (end === '\n\n' ? 2 : 1) + 1));
      }),
    );
  });

  it('goes on after what is no JSON object, and knows the columns of its first rows', async () => {
    const { reader, file } = open('{"id":1}\n{"id":\n[1]\n \n{"id":2,"title":"a"}\n', { format: 'jsonl' });
    expect(recordsOf((await readParts(reader, file)).flat())).toEqual([
      { id: 1 },
      'not valid JSON',
      'not a JSON object',
      { id: 2, title: 'a' },
    ]);
    expect(await reader.columns(file, new AbortController().signal)).toEqual({ names: ['id', 'title'], seenInRows: 4 });
  });
});

describe('compressed text', () => {
  const text = `id,title\n${Array.from({ length: 5000 }, (_, at) => `${at},"title, ${at}"\n`).join('')}`;

  it('is one part, read as a stream', async () => {
    const { reader, file, store } = open(gzipSync(text), { compression: 'gzip' });
    const parts = await readParts(reader, file);
    expect(parts.map((part) => part.length)).toEqual([5000]);
    expect(parts[0]![4999]).toEqual({ position: 5001, record: { id: '4999', title: 'title, 4999' } });
    expect(store.openReads()).toBe(0);
  });

  it('that is cut short or damaged gives the rows before and says where it ends', async () => {
    const whole = gzipSync(text);
    const { reader, file, store } = open(whole.subarray(0, whole.length / 2), { compression: 'gzip' });
    const { entries, message } = await readUntilFailure(reader, file);
    expect(entries.length).toBeGreaterThan(100);
    expect(message).toMatch(new RegExp(`^SOURCE_INVALID: .*line ${entries.length + 2}: the compressed file is damaged or cut short`));
    expect(store.openReads()).toBe(0);
  });

  it('can be left in the middle', async () => {
    const { reader, file, store } = open(gzipSync(text), { compression: 'gzip', chunkBytes: 100 });
    expect(await reader.columns(file, new AbortController().signal)).toEqual({ names: ['id', 'title'] });
    await expect.poll(() => store.openReads()).toBe(0);
  });
});
