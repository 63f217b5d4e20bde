import type { BlockCodec } from '../ports/block-codec.js';
import { damaged } from './bytes.js';
import { checkCodec, checksum, decodeBlock, decodeHead } from './container.js';
import type { ArchiveIndex, BlockEntry } from './index-file.js';
import { type ArchiveRecord, recordsOf } from './records.js';

/** Ends every block, so it is told from the block itself. */
const SYNC_BYTES = 16;

/** The records of one block of an object, its bytes as the index says where they lie. Throws ARCHIVE_DAMAGED. */
export function readBlock(bytes: Uint8Array, entry: BlockEntry, codec: BlockCodec): Iterable<ArchiveRecord> {
  if (bytes.length !== entry.sizeBytes) throw damaged('the object ends within a block');
  if (checksum(bytes) !== entry.checksum) throw damaged('the checksum of a block is another');
  const block = decodeBlock(bytes, codec, bytes.subarray(-SYNC_BYTES));
  if (block.records !== entry.records) throw damaged('a block has another number of records than the index says');
  return recordsOf(block);
}

/** The blocks of a whole object, as its index has them. Throws ARCHIVE_DAMAGED. */
export function* readObject(object: Uint8Array, index: ArchiveIndex, codec: BlockCodec): Generator<Iterable<ArchiveRecord>> {
  if (object.length !== index.sizeBytes) throw damaged(`the object has ${object.length} bytes, and ${index.sizeBytes} by its index`);
  checkCodec(decodeHead(object), codec);
  for (const entry of index.blocks) yield readBlock(object.subarray(entry.offset, entry.offset + entry.sizeBytes), entry, codec);
}
