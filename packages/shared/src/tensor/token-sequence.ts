import { fromHalf, toHalf } from './half.js';

/**
 * What one tower made of one image or text, as it is kept in the cache (claim check).
 *
 * Stored, little-endian: `LT`, version u8, 0 u8, token count u16, token width u16, embedding width u16, 0 u16; embedding f32; tokens f16.
 */
export interface TokenSequence {
  /** Real tokens only, the class token first. */
  readonly count: number;
  readonly width: number;
  /** fp16 bits, [count, width]. */
  readonly tokens: Uint16Array;
  /** Projected CLIP embedding, [embeddingWidth]. */
  readonly embedding: Float32Array;
}

/** Dims that a sequence must have to be used; a damaged or foreign one is as good as missing. */
export interface ExpectedDims {
  readonly width: number;
  readonly embeddingWidth: number;
  readonly maxCount: number;
}

const MAGIC = 0x54_4c;
const VERSION = 1;
const HEADER_BYTES = 12;

/** Stores a sequence; `tokens` fp32 [count, width] (more is not read), `embedding` fp32. */
export function encodeTokenSequence(tokens: Float32Array, count: number, width: number, embedding: Float32Array): Uint8Array {
  const embeddingBytes = embedding.length * 4;
  const buffer = new ArrayBuffer(HEADER_BYTES + embeddingBytes + count * width * 2);
  const header = new DataView(buffer);
  header.setUint16(0, MAGIC, true);
  header.setUint8(2, VERSION);
  header.setUint16(4, count, true);
  header.setUint16(6, width, true);
  header.setUint16(8, embedding.length, true);
  new Float32Array(buffer, HEADER_BYTES, embedding.length).set(embedding);
  toHalf(tokens.subarray(0, count * width), new Uint16Array(buffer, HEADER_BYTES + embeddingBytes));
  return new Uint8Array(buffer);
}

/** Reads a stored sequence, or undefined where the bytes are missing, damaged or not of the expected dims. */
export function decodeTokenSequence(value: Uint8Array | null, expected: ExpectedDims): TokenSequence | undefined {
  if (value === null || value.length < HEADER_BYTES) return undefined;
  const header = new DataView(value.buffer, value.byteOffset, HEADER_BYTES);
  const count = header.getUint16(4, true);
  const width = header.getUint16(6, true);
  const embeddingWidth = header.getUint16(8, true);
  if (header.getUint16(0, true) !== MAGIC || header.getUint8(2) !== VERSION) return undefined;
  if (width !== expected.width || embeddingWidth !== expected.embeddingWidth || count < 1 || count > expected.maxCount) return undefined;
  const tokensAt = HEADER_BYTES + embeddingWidth * 4;
  if (value.length !== tokensAt + count * width * 2) return undefined;
  // Values of a client library may begin anywhere in a pooled buffer; typed views need them aligned.
  const aligned = value.byteOffset % 4 === 0 ? value : new Uint8Array(value);
  return {
    count,
    width,
    tokens: new Uint16Array(aligned.buffer, aligned.byteOffset + tokensAt, count * width),
    embedding: new Float32Array(aligned.buffer, aligned.byteOffset + HEADER_BYTES, embeddingWidth),
  };
}

/** Writes the tokens as fp32 into `target` from `offset` (in values) on. */
export function unpackTokens(sequence: TokenSequence, target: Float32Array, offset: number): void {
  fromHalf(sequence.tokens, target, offset);
}
