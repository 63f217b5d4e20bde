import { Zstd } from '@hpcc-js/wasm-zstd';
import { describe, expect, it } from 'vitest';
import { unzstd } from '../../../src/adapters/source/zstd.js';

const TEXT = Buffer.from(Array.from({ length: 60_000 }, (_, at) => `row ${at % 977}, title ${(at * 7919) % 1000}\n`).join(''));

async function* inChunks(bytes: Uint8Array, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sizeBytes) yield bytes.subarray(at, at + sizeBytes);
}

async function decompress(bytes: Uint8Array, chunkBytes = 10_007): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of unzstd(inChunks(bytes, chunkBytes))) parts.push(part);
  return Buffer.concat(parts);
}

const compress = async (bytes: Uint8Array, level?: number) => (await Zstd.load()).compress(bytes, level);

describe('Zstandard', () => {
  it.each([1, 3, 19])('gives back what was compressed at level %i, in any chunks', async (level) => {
    const compressed = await compress(TEXT, level);
    for (const chunkBytes of [1, 4096, 10_000_000]) expect((await decompress(compressed, chunkBytes)).equals(TEXT)).toBe(true);
  });

  it('takes several frames as one text, also empty and skippable ones', async () => {
    const [frame, none] = [await compress(TEXT), await compress(Buffer.alloc(0))];
    const skippable = Buffer.from([0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const zeros = await compress(Buffer.alloc(1_000_000));
    const all = await decompress(Buffer.concat([frame, none, skippable, zeros, frame]));
    expect(all.equals(Buffer.concat([TEXT, Buffer.alloc(1_000_000), TEXT]))).toBe(true);
  });

  it('keeps streams apart that are read at the same time', async () => {
    const other = Buffer.from(TEXT).reverse();
    const streams = await Promise.all([await compress(TEXT), await compress(other)].map((bytes) => decompress(bytes, 1000)));
    expect(streams.map((bytes, at) => bytes.equals([TEXT, other][at]!))).toEqual([true, true]);
  });

  it('says when it is none, cut short or damaged', async () => {
    const compressed = Buffer.from(await compress(TEXT));
    await expect(decompress(Buffer.from('no such thing'))).rejects.toThrow('no Zstandard frame');
    await expect(decompress(compressed.subarray(0, -10))).rejects.toThrow('ends early');
    compressed.fill(0xff, 20, 200);
    await expect(decompress(compressed)).rejects.toThrow('damaged');
  });
});
