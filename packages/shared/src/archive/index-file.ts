import type { BlockCodec } from '../ports/block-codec.js';
import { type ByteReader, createByteReader, createByteWriter, damaged } from './bytes.js';
import { blocksOf, checkCodec, checksum, decodeBlock, decodeHead, encodeBlock, encodeHead } from './container.js';
import { KEY_BYTES, LISTING_ROW_BYTES, listingRows, SEQUENCE_ROW_BYTES } from './index-rows.js';

/** Where a block of an object lies. */
export interface BlockEntry {
  readonly offset: number;
  /** With its framing. */
  readonly sizeBytes: number;
  readonly records: number;
  /** CRC-32, with its framing. */
  readonly checksum: number;
}

/** What an object has, so that it need not be read to know. An object without an index was never finished and does not count. */
export interface ArchiveIndex {
  readonly encoderId: string;
  readonly id: string;
  /** Epoch milliseconds at which the oldest of its records was archived. */
  readonly firstAtMs: number;
  /** Of the object. */
  readonly sizeBytes: number;
  /** Ids of objects of the same encoder and date that it takes the place of: from now on they do not count. */
  readonly replaces: readonly string[];
  readonly blocks: readonly BlockEntry[];
  /** A row for each sequence, in the order in which they lie in the object. */
  readonly sequences: Uint8Array;
  /** A row for each listing, in the order in which they lie in the object. */
  readonly listings: Uint8Array;
  /** Keys of the contents that the listings need, one listing's after the other's. */
  readonly refs: Uint8Array;
}

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'ArchiveIndex',
  namespace: 'io.labelstream',
  doc: 'What an object of the token archive has.',
  fields: [
    { name: 'encoderId', type: 'string' },
    { name: 'id', type: 'string' },
    { name: 'firstAtMs', type: 'long' },
    { name: 'sizeBytes', type: 'long' },
    { name: 'replaces', type: { type: 'array', items: 'string' } },
    {
      name: 'blocks',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'ArchiveBlock',
          fields: ['offset', 'sizeBytes', 'records', 'checksum'].map((name) => ({ name, type: 'long' })),
        },
      },
    },
    { name: 'sequences', type: 'bytes', doc: 'Rows of 16 bytes: key, block u16, 0 u16.' },
    { name: 'listings', type: 'bytes', doc: 'Rows of 28 bytes: key, version f64, revision u32, block u16, deleted u8, references u8.' },
    { name: 'refs', type: 'bytes', doc: 'Rows of 12 bytes: key.' },
  ],
});
const CHECKSUM = 'labelstream.checksum';

/** An index as an Avro object container file of one record. `sync`: 16 random bytes. */
export function encodeIndex(index: ArchiveIndex, codec: BlockCodec, sync: Uint8Array): Uint8Array {
  const writer = createByteWriter(index.sequences.length + index.listings.length + index.refs.length + 64 * index.blocks.length + 1024);
  writer.text(index.encoderId);
  writer.text(index.id);
  writer.long(index.firstAtMs);
  writer.long(index.sizeBytes);
  writeArray(index.replaces, writer.long, writer.text);
  writeArray(index.blocks, writer.long, ({ offset, sizeBytes, records, checksum }) => {
    for (const value of [offset, sizeBytes, records, checksum]) writer.long(value);
  });
  for (const column of [index.sequences, index.listings, index.refs]) writer.bytes(column);
  const block = encodeBlock({ records: 1, data: writer.take() }, codec, sync);
  const head = encodeHead({ schema: SCHEMA, codec: codec.name, meta: { [CHECKSUM]: String(checksum(block)) }, sync });
  return Buffer.concat([head, block]);
}

function writeArray<T>(items: readonly T[], writeCount: (count: number) => void, writeItem: (item: T) => void): void {
  if (items.length > 0) writeCount(items.length);
  for (const item of items) writeItem(item);
  writeCount(0);
}

/** Reads an index. Throws ARCHIVE_DAMAGED. */
export function decodeIndex(file: Uint8Array, codec: BlockCodec): ArchiveIndex {
  const head = decodeHead(file);
  checkCodec(head, codec);
  const [block, ...more] = blocksOf(file, head);
  if (block === undefined || more.length > 0) throw damaged('an index has one block');
  if (head.meta[CHECKSUM] !== String(checksum(block.bytes))) throw damaged('its checksum is another');
  const { records, data } = decodeBlock(block.bytes, codec, head.sync);
  if (records !== 1) throw damaged('an index has one record');
  return checkRows(readIndex(createByteReader(data)));
}

function readIndex(reader: ByteReader): ArchiveIndex {
  return {
    encoderId: reader.text(),
    id: reader.text(),
    firstAtMs: reader.long(),
    sizeBytes: reader.long(),
    replaces: readArray(reader, reader.text),
    blocks: readArray(reader, () => ({
      offset: reader.long(),
      sizeBytes: reader.long(),
      records: reader.long(),
      checksum: reader.long(),
    })),
    sequences: reader.bytes(),
    listings: reader.bytes(),
    refs: reader.bytes(),
  };
}

function readArray<T>(reader: ByteReader, readItem: () => T): T[] {
  const items: T[] = [];
  for (let count = reader.long(); count !== 0; count = reader.long()) {
    // An item has a byte at least; a larger count would be damage that fills the memory before the bytes end.
    if (count < 0 || count > reader.sizeBytes) throw damaged('a list has a size that cannot be');
    for (let at = 0; at < count; at++) items.push(readItem());
  }
  return items;
}

function checkRows(index: ArchiveIndex): ArchiveIndex {
  const { sequences, listings, refs } = index;
  const isWhole = sequences.length % SEQUENCE_ROW_BYTES === 0 && listings.length % LISTING_ROW_BYTES === 0 && refs.length % KEY_BYTES === 0;
  let refCount = 0;
  if (isWhole) for (const row of listingRows(listings)) refCount += row.refCount;
  if (!isWhole || refCount * KEY_BYTES !== refs.length) throw damaged('its rows do not fit each other');
  return index;
}
