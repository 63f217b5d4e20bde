import { randomBytes } from 'node:crypto';
import type { EncodedListing } from '../events/records.js';
import type { BlockCodec } from '../ports/block-codec.js';
import { createByteWriter } from './bytes.js';
import { checksum, encodeBlock, encodeHead } from './container.js';
import { type ArchiveIndex, type BlockEntry, encodeIndex } from './index-file.js';
import { contentKey, type ListingRow, listingRow, productKey, sequenceRow } from './index-rows.js';
import { indexKey, type ObjectName, objectKey } from './names.js';
import {
  ARCHIVE_SCHEMA,
  type ArchivedListing,
  type ArchivedSequence,
  type ContentRef,
  contentsOf,
  writeListing,
  writeSequence,
} from './records.js';

/** What the index says of a listing. */
export interface ListingFacts extends Pick<ListingRow, 'version' | 'revision' | 'deleted'> {
  readonly contents: readonly ContentRef[];
}

/** The facts of a listing's record. */
export const factsOf = (record: EncodedListing): ListingFacts => ({
  version: record.version,
  revision: record.revision,
  deleted: record.op === 'DELETE',
  contents: contentsOf(record),
});

/** An object and its index, to be stored in this order. */
export interface FinishedObject {
  readonly name: ObjectName;
  readonly object: { readonly key: string; readonly body: Uint8Array };
  readonly index: { readonly key: string; readonly body: Uint8Array };
}

export interface ObjectWriterOptions {
  readonly name: ObjectName;
  readonly codec: BlockCodec;
  /** Epoch milliseconds at which the oldest of its records was archived. */
  readonly firstAtMs: number;
  readonly replaces?: readonly string[];
}

/** Collects one object of the archive in memory. */
export interface ObjectWriter {
  sequence(sequence: ArchivedSequence): void;
  listing(listing: ArchivedListing, facts: ListingFacts): void;
  /** What it takes in memory, and about what it will have when it is finished. */
  sizeBytes(): number;
  finish(): FinishedObject;
}

/** Small enough for a block to be packed without anybody noticing the pause. */
const BLOCK_BYTES = 256 * 1024;
/** What the index can count. */
const MAX_REFS = 255;

/** Blocks are either of sequences or of listings; those of listings come after the sequences that were added before them. */
export function createObjectWriter({ name, codec, firstAtMs, replaces = [] }: ObjectWriterOptions): ObjectWriter {
  const sync = randomBytes(16);
  const head = encodeHead({ schema: ARCHIVE_SCHEMA, codec: codec.name, meta: {}, sync });
  const parts: Uint8Array[] = [head];
  const blocks: BlockEntry[] = [];
  const rows = { sequences: createByteWriter(), listings: createByteWriter(), refs: createByteWriter() };
  const open = { sequences: createByteWriter(), listings: createByteWriter() };
  const keys = { sequences: [] as Uint8Array[], listings: [] as [Uint8Array, ListingFacts][] };
  let size = head.length;

  function close(data: Uint8Array, records: number): void {
    const bytes = encodeBlock({ records, data }, codec, sync);
    blocks.push({ offset: size, sizeBytes: bytes.length, records, checksum: checksum(bytes) });
    parts.push(bytes);
    size += bytes.length;
  }

  function closeSequences(): void {
    if (keys.sequences.length === 0) return;
    for (const key of keys.sequences) rows.sequences.raw(sequenceRow(key, blocks.length));
    close(open.sequences.take(), keys.sequences.length);
    keys.sequences = [];
  }

  function closeListings(): void {
    closeSequences();
    if (keys.listings.length === 0) return;
    for (const [key, { contents, ...facts }] of keys.listings) {
      rows.listings.raw(listingRow(key, { ...facts, block: blocks.length, refCount: contents.length }));
      for (const content of contents) rows.refs.raw(contentKey(content));
    }
    close(open.listings.take(), keys.listings.length);
    keys.listings = [];
  }

  return {
    sequence(sequence) {
      writeSequence(open.sequences, sequence);
      keys.sequences.push(contentKey(sequence));
      if (open.sequences.sizeBytes() >= BLOCK_BYTES) closeSequences();
    },
    listing(listing, facts) {
      writeListing(open.listings, listing);
      keys.listings.push([productKey(listing.productId), { ...facts, contents: facts.contents.slice(0, MAX_REFS) }]);
      if (open.listings.sizeBytes() >= BLOCK_BYTES) closeListings();
    },
    sizeBytes: () => size + open.sequences.sizeBytes() + open.listings.sizeBytes(),
    finish() {
      closeListings();
      const index: ArchiveIndex = {
        encoderId: name.encoderId,
        id: name.id,
        firstAtMs,
        sizeBytes: size,
        replaces,
        blocks,
        sequences: rows.sequences.take(),
        listings: rows.listings.take(),
        refs: rows.refs.take(),
      };
      return {
        name,
        object: { key: objectKey(name), body: Buffer.concat(parts) },
        index: { key: indexKey(name), body: encodeIndex(index, codec, sync) },
      };
    },
  };
}
