import { crc32 } from 'node:zlib';
import { LabelstreamError } from '../errors.js';
import type { BlockCodec } from '../ports/block-codec.js';
import { type ByteReader, createByteReader, createByteWriter, damaged } from './bytes.js';

/** The head of an Avro object container file. */
export interface ContainerHead {
  /** JSON. */
  readonly schema: string;
  /** Name of the codec of its blocks. */
  readonly codec: string;
  /** Further entries of the file's metadata. */
  readonly meta: Readonly<Record<string, string>>;
  /** 16 bytes, which end every block. */
  readonly sync: Uint8Array;
  /** Where the first block begins. */
  readonly sizeBytes: number;
}

/** A block, with its framing. */
export interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly records: number;
}

const MAGIC = Uint8Array.from([0x4f, 0x62, 0x6a, 0x01]);
const SYNC_BYTES = 16;
const MAX_META = 100;
const SCHEMA = 'avro.schema';
const CODEC = 'avro.codec';
/** A block never has more, so that a damaged size cannot take all memory. */
const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

/** CRC-32 of the bytes. */
export const checksum = (bytes: Uint8Array): number => crc32(bytes);

/** The head of a file, which its blocks follow. */
export function encodeHead({ schema, codec, meta, sync }: Omit<ContainerHead, 'sizeBytes'>): Uint8Array {
  const writer = createByteWriter();
  const entries = Object.entries({ [SCHEMA]: schema, [CODEC]: codec, ...meta });
  writer.raw(MAGIC);
  writer.long(entries.length);
  for (const [name, value] of entries) {
    writer.text(name);
    writer.text(value);
  }
  writer.long(0);
  writer.raw(sync);
  return writer.take();
}

/** Reads the head of a file. Throws ARCHIVE_DAMAGED. */
export function decodeHead(bytes: Uint8Array): ContainerHead {
  const reader = createByteReader(bytes);
  if (bytes.length < MAGIC.length || !isSame(reader.raw(MAGIC.length), MAGIC)) throw damaged('it is no Avro object container file');
  const entries = new Map<string, string>();
  for (let count = metaCount(reader); count > 0; count = metaCount(reader)) {
    for (let at = 0; at < count; at++) entries.set(reader.text(), reader.text());
    if (entries.size > MAX_META) throw damaged('its metadata has too many entries');
  }
  const { [SCHEMA]: schema, [CODEC]: codec = 'null', ...meta } = Object.fromEntries(entries);
  if (schema === undefined) throw damaged('it has no schema');
  const sync = reader.raw(SYNC_BYTES);
  return { schema, codec, meta, sync, sizeBytes: reader.position() };
}

/** Entries of the next part of a map; a negative count has the part's size behind it. */
function metaCount(reader: ByteReader): number {
  const count = reader.long();
  if (count < 0) reader.long();
  if (Math.abs(count) > MAX_META) throw damaged('its metadata has too many entries');
  return Math.abs(count);
}

/** One block of `records` records, whose Avro encodings are `data` one after the other. */
export function encodeBlock(
  { records, data }: { readonly records: number; readonly data: Uint8Array },
  codec: BlockCodec,
  sync: Uint8Array,
) {
  const writer = createByteWriter(data.length + SYNC_BYTES + 20);
  writer.long(records);
  writer.bytes(codec.compress(data));
  writer.raw(sync);
  return writer.take();
}

/** The records of one block, with its framing; `data` is decompressed. Throws ARCHIVE_DAMAGED. */
export function decodeBlock(block: Uint8Array, codec: BlockCodec, sync: Uint8Array): { records: number; data: Uint8Array } {
  const reader = createByteReader(block);
  const records = reader.long();
  const compressed = reader.bytes();
  if (records < 0 || !isSame(reader.raw(SYNC_BYTES), sync)) throw damaged('a block does not end where it should');
  return { records, data: decompress(compressed, codec) };
}

function decompress(bytes: Uint8Array, codec: BlockCodec): Uint8Array {
  try {
    return codec.decompress(bytes, MAX_BLOCK_BYTES);
  } catch (error) {
    if (error instanceof LabelstreamError) throw error;
    throw damaged('a block cannot be decompressed', error);
  }
}

/** The blocks of a whole file, one after the other, still compressed. Throws ARCHIVE_DAMAGED where it is cut short. */
export function* blocksOf(file: Uint8Array, head: ContainerHead): Generator<StoredBlock & { readonly offset: number }> {
  let offset = head.sizeBytes;
  while (offset < file.length) {
    const reader = createByteReader(file.subarray(offset));
    const records = reader.long();
    reader.bytes();
    if (!isSame(reader.raw(SYNC_BYTES), head.sync)) throw damaged('a block does not end where it should');
    const sizeBytes = reader.position();
    yield { offset, records, bytes: file.subarray(offset, offset + sizeBytes) };
    offset += sizeBytes;
  }
}

/** Throws ARCHIVE_DAMAGED for a file of another codec. */
export function checkCodec(head: Pick<ContainerHead, 'codec'>, codec: BlockCodec): void {
  if (head.codec !== codec.name) throw damaged(`its blocks are packed as ${head.codec}, and ${codec.name} is read`);
}
