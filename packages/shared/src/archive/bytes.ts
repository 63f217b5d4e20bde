import { LabelstreamError } from '../errors.js';

export const damaged = (why: string, cause?: unknown) => new LabelstreamError('ARCHIVE_DAMAGED', why, { cause });

/** Writes Avro's binary encoding into a buffer that grows. */
export interface ByteWriter {
  readonly sizeBytes: () => number;
  /** Zigzag variable-length, a safe integer. */
  long(value: number): void;
  /** The bytes as they are. */
  raw(bytes: Uint8Array): void;
  /** With their length before them. */
  bytes(bytes: Uint8Array): void;
  text(text: string): void;
  /** What was written since the last call; the buffer is used again, so it is a copy. */
  take(): Uint8Array;
}

const FIRST_CAPACITY_BYTES = 1024;

export function createByteWriter(capacityBytes = FIRST_CAPACITY_BYTES): ByteWriter {
  let buffer = new Uint8Array(capacityBytes);
  let end = 0;

  function reserve(sizeBytes: number): void {
    if (end + sizeBytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, end + sizeBytes));
    larger.set(buffer.subarray(0, end));
    buffer = larger;
  }

  function long(value: number): void {
    reserve(10);
    // Beyond 32 bits the operators on bits do not reach, so the value is divided.
    let rest = value >= 0 ? value * 2 : -value * 2 - 1;
    while (rest >= 0x80) {
      buffer[end++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[end++] = rest;
  }

  function raw(bytes: Uint8Array): void {
    reserve(bytes.length);
    buffer.set(bytes, end);
    end += bytes.length;
  }

  function bytes(value: Uint8Array): void {
    long(value.length);
    raw(value);
  }

  return {
    sizeBytes: () => end,
    long,
    raw,
    bytes,
    text: (text) => bytes(Buffer.from(text)),
    take() {
      const taken = buffer.slice(0, end);
      end = 0;
      return taken;
    },
  };
}

/** Reads Avro's binary encoding. Every method throws ARCHIVE_DAMAGED where the bytes end too early. */
export interface ByteReader {
  position(): number;
  readonly sizeBytes: number;
  long(): number;
  /** A view of the next bytes. */
  raw(sizeBytes: number): Uint8Array;
  /** A view of bytes with their length before them. */
  bytes(): Uint8Array;
  text(): string;
}

/** The longest variable-length encoding of a safe integer. */
const MAX_LONG_BYTES = 8;

export function createByteReader(source: Uint8Array): ByteReader {
  let at = 0;

  function long(): number {
    let value = 0;
    let scale = 1;
    for (let read = 0; read < MAX_LONG_BYTES; read++) {
      const byte = source[at++];
      if (byte === undefined) throw damaged('it ends within a number');
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    throw damaged('a number is too large');
  }

  function raw(sizeBytes: number): Uint8Array {
    if (sizeBytes < 0 || at + sizeBytes > source.length) throw damaged('it ends within a value');
    const bytes = source.subarray(at, at + sizeBytes);
    at += sizeBytes;
    return bytes;
  }

  const bytes = () => raw(long());
  return {
    position: () => at,
    sizeBytes: source.length,
    long,
    raw,
    bytes,
    text: () => Buffer.from(bytes()).toString(),
  };
}
