import { Zstd } from '@hpcc-js/wasm-zstd';
import { LabelstreamError } from '../../errors.js';
import type { BlockCodec } from '../../ports/block-codec.js';

/** The parts of the library that work on its own memory. */
interface ZstdMemory {
  readonly _mainModule: {
    readonly _module: { readonly HEAPU8: Uint8Array; _malloc(sizeBytes: number): number; _free(at: number): void };
  };
  readonly _zstdClass: {
    compressBound(sizeBytes: number): number;
    compress(target: number, targetBytes: number, source: number, sourceBytes: number, level: number): number;
    decompress(target: number, targetBytes: number, source: number, sourceBytes: number): number;
    getFrameContentSize(source: number, sourceBytes: number): number | bigint;
    isError(code: number): number | boolean;
    getErrorName(code: number): string;
  };
}

/** Token sequences lose a tenth at any level, so the fastest one that finds it. */
const LEVEL = 1;

const damaged = (why: string) => new LabelstreamError('ARCHIVE_DAMAGED', `a block is no zstd frame: ${why}`);

/**
 * Zstandard frames with their size in the header. The library's own `compress` and `decompress` copy their results value by value, a second
 * for each MB; here they are copied out of its memory in one go.
 */
export async function openZstdCodec(): Promise<BlockCodec> {
  const { _mainModule, _zstdClass: zstd } = (await Zstd.load()) as unknown as ZstdMemory;
  const memory = _mainModule._module;

  /** Runs with `source` and room for a result in the library's memory; `work` answers the size of the result. */
  function withMemory(
    source: Uint8Array,
    sizeOf: (at: number) => number,
    work: (target: number, targetBytes: number, at: number) => number,
  ) {
    const at = memory._malloc(Math.max(1, source.length));
    try {
      memory.HEAPU8.set(source, at);
      const targetBytes = sizeOf(at);
      const target = memory._malloc(Math.max(1, targetBytes));
      try {
        const sizeBytes = work(target, targetBytes, at);
        if (zstd.isError(sizeBytes)) throw damaged(zstd.getErrorName(sizeBytes));
        return memory.HEAPU8.slice(target, target + sizeBytes);
      } finally {
        memory._free(target);
      }
    } finally {
      memory._free(at);
    }
  }

  return {
    name: 'zstandard',
    compress: (bytes) =>
      withMemory(
        bytes,
        () => zstd.compressBound(bytes.length),
        (target, targetBytes, at) => zstd.compress(target, targetBytes, at, bytes.length, LEVEL),
      ),
    decompress: (bytes, maxBytes) =>
      withMemory(
        bytes,
        (at) => {
          const sizeBytes = bytes.length === 0 ? -1 : Number(zstd.getFrameContentSize(at, bytes.length));
          if (sizeBytes >= 0 && sizeBytes <= maxBytes) return sizeBytes;
          throw damaged(`it does not say that it has ${maxBytes} bytes at most`);
        },
        (target, targetBytes, at) => zstd.decompress(target, targetBytes, at, bytes.length),
      ),
  };
}
