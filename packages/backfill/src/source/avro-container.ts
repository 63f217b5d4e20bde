import { inflateRawSync } from 'node:zlib';
import { snappyUncompress } from 'hyparquet';
import { decompressZstd } from 'hyparquet-compressors';
import type { ByteReader } from './byte-reader.js';

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
export const SYNC_BYTES = 16;
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
const MAX_BLOCK_BYTES = 256 * 1024 * 1024;
const CHECKSUM_BYTES = 4;

/** The head of an Avro object container file (Avro specification, "Object Container Files"). */
export interface AvroHeader {
  /** Schema of its records, as JSON. */
  readonly schema: string;
  readonly codec: string;
  /** Ends every block. */
  readonly sync: Buffer;
  /** Where the first block begins. */
  readonly endsAt: number;
}

/** Reads the head of a file. Throws an Error when it is none. */
export async function readAvroHeader(reader: ByteReader): Promise<AvroHeader> {
  if (!(await reader.take(MAGIC.length)).equals(MAGIC)) throw new Error('it does not begin as an Avro container file');
  const metadata = new Map<string, Buffer>();
  for (let count = await readLong(reader); count !== 0; count = await readLong(reader)) {
    // A negative count is followed by the size of the entries.
    if (count < 0) await readLong(reader);
    for (let left = Math.abs(count); left > 0; left -= 1) {
      const name = (await readBytes(reader)).toString('utf8');
      metadata.set(name, await readBytes(reader));
      if (reader.position() > MAX_HEADER_BYTES) throw new Error('its header has no end');
    }
  }
  const schema = metadata.get('avro.schema')?.toString('utf8');
  if (schema === undefined) throw new Error('its header has no schema');
  const sync = Buffer.from(await reader.take(SYNC_BYTES));
  return { schema, codec: metadata.get('avro.codec')?.toString('utf8') ?? 'null', sync, endsAt: reader.position() };
}

/** Count of records and size of the next block; its bytes follow. */
export async function readBlockHead(reader: ByteReader): Promise<{ readonly count: number; readonly sizeBytes: number }> {
  const count = await readLong(reader);
  const sizeBytes = await readLong(reader);
  if (count < 0 || sizeBytes < 0 || sizeBytes > MAX_BLOCK_BYTES) throw new Error(`a damaged block at byte ${reader.position()}`);
  return { count, sizeBytes };
}

async function readBytes(reader: ByteReader): Promise<Buffer> {
  const length = await readLong(reader);
  if (length < 0 || length > MAX_HEADER_BYTES) throw new Error(`a damaged header at byte ${reader.position()}`);
  return Buffer.from(await reader.take(length));
}

/** A variable-length zig-zag integer, which JavaScript holds exactly. */
async function readLong(reader: ByteReader): Promise<number> {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = (await reader.take(1)).readUInt8();
    value |= BigInt(byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) break;
    if (shift > 56n) throw new Error(`a damaged number at byte ${reader.position()}`);
  }
  return Number(BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n)));
}

type Decode = (bytes: Buffer) => Uint8Array;

const CODECS: Readonly<Record<string, Decode>> = {
  null: (bytes) => bytes,
  deflate: (bytes) => inflateRawSync(bytes, { maxOutputLength: MAX_BLOCK_BYTES }),
  snappy: unsnappy,
  zstandard: (bytes) => decompressZstd(bytes),
};

/** How blocks of a codec are decompressed; undefined for one that is not known. */
export const codecOf = (name: string): Decode | undefined => (Object.hasOwn(CODECS, name) ? CODECS[name] : undefined);

export const KNOWN_CODECS = Object.keys(CODECS);

/** Snappy as Avro has it: a checksum at the end. */
function unsnappy(bytes: Buffer): Uint8Array {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  let [length, shift] = [0, 0];
  for (const byte of body.subarray(0, 5)) {
    length += (byte & 0x7f) * 2 ** shift;
    shift += 7;
    if (byte < 0x80) break;
  }
  if (length > MAX_BLOCK_BYTES) throw new Error('a block that is too large');
  const output = new Uint8Array(length);
  snappyUncompress(body, output);
  return output;
}
