import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Zstd } from '@hpcc-js/wasm-zstd';
import { MAX_BLOCK_BYTES, zstdBlocks } from '../../source/zstd-blocks.js';

const LIBRARY = pathToFileURL(createRequire(import.meta.url).resolve('@hpcc-js/wasm-zstd')).href;

const idle: Zstd[] = [];
let opened = 0;

/** The library has one decoder; a stream needs its own, so each gets the library anew, and leaves it to a later one. */
async function openDecoder(): Promise<Zstd> {
  const found = idle.pop();
  if (found !== undefined) return found;
  opened += 1;
  const library = (await import(`${LIBRARY}?decoder=${opened}`)) as { readonly Zstd: typeof Zstd };
  return library.Zstd.load();
}

/** Decompresses Zstandard, block by block. Throws an Error when it is damaged or cut short; checksums are not looked at. */
export async function* unzstd(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = await openDecoder();
  decoder.reset();
  try {
    for await (const { bytes, contentBytes } of zstdBlocks(compressed)) {
      const content = decoder.decompressChunk(bytes, MAX_BLOCK_BYTES);
      // The library does not say that a block cannot be decoded; it gives nothing.
      if (contentBytes === undefined ? content.length === 0 : content.length !== contentBytes) throw new Error('a damaged block');
      if (content.length > 0) yield content;
    }
  } finally {
    idle.push(decoder);
  }
}
