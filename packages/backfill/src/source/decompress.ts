import { createGunzip } from 'node:zlib';
import type { Compression } from './listing-file.js';

/** Decompresses a stream of bytes, some at a time. Throws when it is damaged or cut short. */
export type Decompress = (compressed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** How each compression is undone. */
export type Decompressors = Readonly<Record<Exclude<Compression, 'none'>, Decompress>>;

/** Several gzip members in a row are one stream. */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = createGunzip();
  let failure: unknown;
  const feeding = feed(compressed, stream).catch((error: unknown) => {
    failure = error;
    stream.destroy();
  });
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
    await feeding;
  } catch (error) {
    throw failure ?? error;
  } finally {
    stream.destroy();
  }
  if (failure !== undefined) throw failure;
}

/** Writes everything to a stream, as fast as it takes it; ends early, and with it the reading, when the stream is destroyed. */
async function feed(chunks: AsyncIterable<Uint8Array>, stream: ReturnType<typeof createGunzip>): Promise<void> {
  for await (const chunk of chunks) {
    if (stream.destroyed) return;
    if (!stream.write(chunk)) await drained(stream);
  }
  stream.end();
}

function drained(stream: ReturnType<typeof createGunzip>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.once('drain', done).once('close', done);
  });
}
