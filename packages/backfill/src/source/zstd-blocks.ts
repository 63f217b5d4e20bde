import { type ByteReader, createByteReader } from './byte-reader.js';

/** Largest size of what one block holds (RFC 8878, 3.1.1.2.4). */
export const MAX_BLOCK_BYTES = 128 * 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const CHECKSUM_BYTES = 4;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];
const [RAW, RUN_LENGTH, COMPRESSED] = [0, 1, 2];

/** Compressed bytes that a decoder turns into at most {@link MAX_BLOCK_BYTES} at once. */
export interface ZstdPiece {
  readonly bytes: Buffer;
  /** What becomes of it, where that is known; else something does. */
  readonly contentBytes?: number;
}

/**
 * Splits a Zstandard stream (RFC 8878) at its blocks without decoding it, so that a decoder is never given more than it has room to put out.
 * Throws an Error when it is none, or is cut short.
 */
export async function* zstdBlocks(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<ZstdPiece> {
  const reader = createByteReader(compressed);
  try {
    while (!(await reader.isAtEnd())) {
      const magic = await reader.take(MAGIC_BYTES);
      if ((magic.readUInt32LE() & ~0xf) >>> 0 === SKIPPABLE_MAGIC) await reader.skip((await reader.take(4)).readUInt32LE());
      else if (magic.readUInt32LE() === FRAME_MAGIC) yield* frameBlocks(reader, Buffer.from(magic));
      else throw new Error(`no Zstandard frame at byte ${reader.position() - MAGIC_BYTES}`);
    }
  } finally {
    await reader.close();
  }
}

async function* frameBlocks(reader: ByteReader, magic: Buffer): AsyncGenerator<ZstdPiece> {
  const descriptor = Buffer.from(await reader.take(1));
  const flags = descriptor.readUInt8();
  const isSingleSegment = (flags & 0x20) !== 0;
  const contentSize = CONTENT_SIZE_BYTES[flags >> 6] ?? 0;
  const rest = (isSingleSegment ? Math.max(1, contentSize) : contentSize + 1) + (DICTIONARY_ID_BYTES[flags & 3] ?? 0);
  yield { bytes: Buffer.concat([magic, descriptor, await reader.take(rest)]), contentBytes: 0 };
  while (true) {
    const head = Buffer.from(await reader.take(3));
    const word = head.readUIntLE(0, 3);
    const [type, sizeBytes] = [(word >> 1) & 3, word >> 3];
    if ((type !== RAW && type !== RUN_LENGTH && type !== COMPRESSED) || sizeBytes > MAX_BLOCK_BYTES) {
      throw new Error(`a damaged block at byte ${reader.position()}`);
    }
    const body = await reader.take(type === RUN_LENGTH ? 1 : sizeBytes);
    yield { bytes: Buffer.concat([head, body]), ...(type === COMPRESSED ? {} : { contentBytes: sizeBytes }) };
    if ((word & 1) !== 0) break;
  }
  if ((flags & 0x04) !== 0) yield { bytes: await reader.take(CHECKSUM_BYTES), contentBytes: 0 };
}
