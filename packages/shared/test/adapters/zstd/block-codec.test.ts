import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openZstdCodec } from '../../../src/adapters/zstd/block-codec.js';
import type { BlockCodec } from '../../../src/ports/block-codec.js';

const MAX_BYTES = 1 << 20;
let codec: BlockCodec;
beforeAll(async () => {
  codec = await openZstdCodec();
});

describe('blocks of zstd', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(codec.decompress(codec.compress(bytes), MAX_BYTES)).toEqual(bytes);
      }),
    );
  });

  it('that are damaged, cut short, nothing or larger than allowed are refused, and the next one is read', () => {
    const block = codec.compress(new Uint8Array(1000).fill(7));
    const flipped = Uint8Array.from(block, (value, at) => (at === 6 ? value ^ 0xff : value));
    const longer = Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]);
    for (const bad of [flipped, block.subarray(0, -3), new Uint8Array(), new Uint8Array(20).fill(9), longer]) {
      expect(() => codec.decompress(bad, MAX_BYTES)).toThrowError(expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
    }
    expect(() => codec.decompress(block, 999)).toThrowError(expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
    expect(codec.decompress(block, 1000)).toEqual(new Uint8Array(1000).fill(7));
  });
});
