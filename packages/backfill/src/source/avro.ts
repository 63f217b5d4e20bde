import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import avsc from 'avsc';
import { z } from 'zod';
import type { Json } from '../kind.js';
import { type AvroHeader, codecOf, KNOWN_CODECS, readAvroHeader, readBlockHead, SYNC_BYTES } from './avro-container.js';
import { type ByteReader, createByteReader } from './byte-reader.js';
import { type Entry, type FileColumns, type FilePart, type FormatReader, type ListingFile, unreadable } from './listing-file.js';
import type { ObjectStore } from './object-store.js';
import { rememberLast } from './remember.js';
import type { RawRecord } from './row.js';

export interface AvroDeps {
  readonly store: ObjectStore;
  /** Blocks that are smaller together are one part. */
  readonly rangeBytes: number;
}

/** Bytes of whole blocks, and the number of the first row in them, from 0. */
const whereSchema = z.strictObject({ start: z.int(), end: z.int(), row: z.int() });
const NOT_READABLE = 'not a readable Avro container file; was it cut short?';

/** An opened schema: decodes all records of a block. */
interface OpenHeader extends AvroHeader {
  readonly names: readonly string[];
  decode(bytes: Uint8Array, count: number): RawRecord[];
}

/** Reads Avro object container files, one block at a time. */
export function createAvroReader({ store, rangeBytes }: AvroDeps): FormatReader {
  const headerOf = rememberLast(({ object }: ListingFile) => `${object.uri} ${object.tag}`, readHeader);

  async function readHeader(file: ListingFile, signal: AbortSignal): Promise<OpenHeader> {
    const reader = createByteReader(store.read(file.object, undefined, signal));
    try {
      return openHeader(await readAvroHeader(reader));
    } catch (error) {
      throw unreadable(file, 1, NOT_READABLE, error);
    } finally {
      await reader.close();
    }
  }

  async function columns(file: ListingFile, signal: AbortSignal): Promise<FileColumns> {
    return { names: (await headerOf(file, signal)).names };
  }

  async function* plan(file: ListingFile, signal: AbortSignal): AsyncGenerator<FilePart> {
    const { endsAt, sync } = await headerOf(file, signal);
    const { sizeBytes } = file.object;
    let part = { start: endsAt, row: 0, rows: 0 };
    if (endsAt >= sizeBytes) return;
    const reader = createByteReader(store.read(file.object, { start: endsAt, end: sizeBytes }, signal));
    try {
      while (!(await reader.isAtEnd())) {
        const at = endsAt + reader.position();
        if (at - part.start >= rangeBytes) {
          yield closePart(part, at);
          part = { start: at, row: part.row + part.rows, rows: 0 };
        }
        const rows = await skipBlock(reader, sync).catch(unlessDamaged);
        // What is damaged is the last part's matter: it is told there, after the rows before it were sent.
        if (rows === undefined) break;
        part.rows += rows;
      }
    } finally {
      await reader.close();
    }
    yield closePart(part, sizeBytes);
  }

  async function* read(file: ListingFile, where: Json, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<Entry[]> {
    const { start, end, row: firstRow } = whereSchema.parse(where);
    const header = await headerOf(file, signal);
    const reader = createByteReader(store.read(file.object, { start, end }, signal));
    let row = firstRow;
    try {
      while (!(await reader.isAtEnd())) {
        const { count, body } = await readBlock(reader, header.sync).catch((error: unknown) => {
          throw unreadable(file, row + 1, 'the Avro file is damaged or cut short; from here on it was not read', error);
        });
        yield entriesOf(header, { row, count, body });
        row += count;
      }
    } finally {
      await reader.close();
    }
  }

  return { columns, plan, read };
}

function entriesOf(
  header: OpenHeader,
  { row, count, body }: { readonly row: number; readonly count: number; readonly body: Buffer },
): Entry[] {
  try {
    return header.decode(body, count).map((record, at) => ({ position: row + at + 1, record }));
  } catch (error) {
    return [{ position: row + 1, problem: `a damaged block (${describeError(error)}); rows ${row + 1} to ${row + count} were not read` }];
  }
}

function unlessDamaged(error: unknown): undefined {
  if (isLabelstreamError(error)) throw error;
  return undefined;
}

async function skipBlock(reader: ByteReader, sync: Buffer): Promise<number> {
  const { count, sizeBytes } = await readBlockHead(reader);
  await reader.skip(sizeBytes);
  await expectSync(reader, sync);
  return count;
}

async function readBlock(reader: ByteReader, sync: Buffer): Promise<{ readonly count: number; readonly body: Buffer }> {
  const { count, sizeBytes } = await readBlockHead(reader);
  const body = await reader.take(sizeBytes);
  await expectSync(reader, sync);
  return { count, body };
}

async function expectSync(reader: ByteReader, sync: Buffer): Promise<void> {
  if (!(await reader.take(SYNC_BYTES)).equals(sync)) throw new Error(`a block does not end at byte ${reader.position()}`);
}

const closePart = (
  { start, row, rows }: { readonly start: number; readonly row: number; readonly rows: number },
  end: number,
): FilePart => ({
  name: `bytes ${start} to ${end - 1}`,
  rows,
  where: { start, end, row },
});

function openHeader(header: AvroHeader): OpenHeader {
  const decompress = codecOf(header.codec);
  if (decompress === undefined) throw new Error(`its codec is ${header.codec}; known are ${KNOWN_CODECS.join(', ')}`);
  const type = avsc.Type.forSchema(JSON.parse(header.schema), { registry: { long: LONG }, wrapUnions: 'auto', omitRecordMethods: true });
  if (!(type instanceof avsc.types.RecordType)) throw new Error('its rows are no records');
  const names = type.fields.map(({ name }) => name);
  return {
    ...header,
    names,
    decode(bytes, count) {
      const buffer = asBuffer(decompress(asBuffer(bytes)));
      // A record of no bytes could be there any number of times.
      if (count > Math.max(1, buffer.length)) throw new Error(`${count} rows in ${buffer.length} bytes`);
      const records: RawRecord[] = [];
      let offset = 0;
      for (let left = count; left > 0; left -= 1) {
        const decoded = type.decode(buffer, offset) as { value: RawRecord; offset: number };
        if (decoded.offset < 0) throw new Error('it ends early');
        records.push({ ...decoded.value });
        offset = decoded.offset;
      }
      return records;
    },
  };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whole numbers that JavaScript does not hold exactly are no reason to refuse a file: few columns are looked at. */
const LONG = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});
