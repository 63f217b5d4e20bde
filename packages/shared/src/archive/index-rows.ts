import { createHash } from 'node:crypto';
import type { ContentRef } from './records.js';

/** Contents and products are told apart by the first bytes of their hash; what is found by them is checked in full. */
export const KEY_BYTES = 12;
export const SEQUENCE_ROW_BYTES = 16;
export const LISTING_ROW_BYTES = 28;

/** Three unsigned 32-bit numbers. */
export type Key = readonly [number, number, number];

/** Where a token sequence lies. */
export interface SequenceRow {
  readonly key: Key;
  /** Position of its block in the object. */
  readonly block: number;
}

/** What is known of a listing's record without reading it. */
export interface ListingRow {
  readonly key: Key;
  readonly version: number;
  readonly revision: number;
  readonly block: number;
  readonly deleted: boolean;
  /** How many of the index's references are this listing's, the next ones each time. */
  readonly refCount: number;
}

/** The key of a content: its hash, but for one bit, which says what it is. */
export function contentKey({ modality, sha256 }: ContentRef): Uint8Array {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.write(sha256.slice(0, KEY_BYTES * 2), 'hex');
  const first = bytes[0] ?? 0;
  bytes[0] = modality === 'image' ? first & 0xfe : first | 1;
  return bytes;
}

/** The key of a product. */
export const productKey = (productId: string): Uint8Array => createHash('sha256').update(productId).digest().subarray(0, KEY_BYTES);

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const readKeyAt = (view: DataView, at: number): Key => [
  view.getUint32(at, true),
  view.getUint32(at + 4, true),
  view.getUint32(at + 8, true),
];

/** A key as numbers. */
export const keyOf = (bytes: Uint8Array): Key => readKeyAt(viewOf(bytes), 0);

/** Rows of 16 bytes, little-endian: key, block u16, 0 u16. */
export function sequenceRow(key: Uint8Array, block: number): Uint8Array {
  const row = new Uint8Array(SEQUENCE_ROW_BYTES);
  row.set(key);
  viewOf(row).setUint16(KEY_BYTES, block, true);
  return row;
}

/** Rows of 28 bytes, little-endian: key, version f64, revision u32, block u16, deleted u8, references u8. */
export function listingRow(key: Uint8Array, { version, revision, block, deleted, refCount }: Omit<ListingRow, 'key'>): Uint8Array {
  const row = new Uint8Array(LISTING_ROW_BYTES);
  const view = viewOf(row);
  row.set(key);
  view.setFloat64(12, version, true);
  view.setUint32(20, revision, true);
  view.setUint16(24, block, true);
  view.setUint8(26, deleted ? 1 : 0);
  view.setUint8(27, refCount);
  return row;
}

export function* sequenceRows(column: Uint8Array): Generator<SequenceRow> {
  const view = viewOf(column);
  for (let at = 0; at < column.length; at += SEQUENCE_ROW_BYTES) {
    yield { key: readKeyAt(view, at), block: view.getUint16(at + KEY_BYTES, true) };
  }
}

export function* listingRows(column: Uint8Array): Generator<ListingRow> {
  const view = viewOf(column);
  for (let at = 0; at < column.length; at += LISTING_ROW_BYTES) {
    yield {
      key: readKeyAt(view, at),
      version: view.getFloat64(at + 12, true),
      revision: view.getUint32(at + 20, true),
      block: view.getUint16(at + 24, true),
      deleted: view.getUint8(at + 26) === 1,
      refCount: view.getUint8(at + 27),
    };
  }
}

export function* refRows(column: Uint8Array): Generator<Key> {
  const view = viewOf(column);
  for (let at = 0; at < column.length; at += KEY_BYTES) yield readKeyAt(view, at);
}
