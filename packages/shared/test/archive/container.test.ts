import avsc from 'avsc';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openZstdCodec } from '../../src/adapters/zstd/block-codec.js';
import { blocksOf, checkCodec, decodeBlock, decodeHead, encodeBlock, encodeHead } from '../../src/archive/container.js';
import { ARCHIVE_SCHEMA } from '../../src/archive/records.js';
import type { BlockCodec } from '../../src/ports/block-codec.js';
import { plainCodec } from './fixtures.js';

const damaged = expect.objectContaining({ code: 'ARCHIVE_DAMAGED' });
const sync = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
let zstd: BlockCodec;
beforeAll(async () => {
  zstd = await openZstdCodec();
});

function fileOf(codec: BlockCodec, blocks: readonly { records: number; data: Uint8Array }[], schema = '"bytes"') {
  const head = encodeHead({ schema, codec: codec.name, meta: { 'labelstream.x': 'y' }, sync });
  return new Uint8Array(Buffer.concat([head, ...blocks.map((block) => encodeBlock(block, codec, sync))]));
}

function readAll(file: Uint8Array, codec: BlockCodec) {
  const head = decodeHead(file);
  checkCodec(head, codec);
  return [...blocksOf(file, head)].map((block) => decodeBlock(block.bytes, codec, head.sync));
}

const blocks = fc.array(fc.record({ records: fc.nat(), data: fc.uint8Array({ maxLength: 500 }) }), { maxLength: 8 });

describe('container files', () => {
  it('give back any blocks, with and without zstd', () => {
    fc.assert(
      fc.property(blocks, fc.boolean(), (written, isPacked) => {
        const codec = isPacked ? zstd : plainCodec;
        const read = readAll(fileOf(codec, written), codec);
        expect(read.map(({ records, data }) => ({ records, data: Uint8Array.from(data) }))).toEqual(written);
      }),
    );
  });

  it('cut short anywhere are damaged, except between two blocks', () => {
    const written = [
      { records: 2, data: new Uint8Array(40).fill(1) },
      { records: 3, data: new Uint8Array(90).fill(2) },
    ];
    const file = fileOf(zstd, written);
    const head = decodeHead(file);
    const ends = new Set([head.sizeBytes, ...[...blocksOf(file, head)].map(({ offset, bytes }) => offset + bytes.length)]);
    for (let end = 0; end < file.length; end++) {
      const cut = file.subarray(0, end);
      if (ends.has(end)) expect(readAll(cut, zstd).length).toBeLessThan(2);
      else expect(() => readAll(cut, zstd)).toThrowError(damaged);
    }
  });

  it('never end in another error, whatever their bytes are', () => {
    const file = fileOf(zstd, [{ records: 1, data: new Uint8Array(200).fill(5) }]);
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const other = Uint8Array.from(file, (value, position) => (position === at ? value ^ flip : value));
        try {
          readAll(other, zstd);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
        }
      }),
    );
    for (const junk of [new Uint8Array(), new Uint8Array(100), Buffer.from('Obj'), Buffer.from('PK\u0003\u0004 some other file')]) {
      expect(() => readAll(junk, zstd)).toThrowError(damaged);
    }
  });

  it('of another codec are refused, naming both', () => {
    expect(() => readAll(fileOf(plainCodec, []), zstd)).toThrowError(/packed as null.*zstandard is read/);
  });

  it('are read by another Avro library', async () => {
    const type = avsc.Type.forSchema('bytes');
    const file = fileOf(zstd, [{ records: 1, data: type.toBuffer(Buffer.from('abc')) }]);
    const decoder = new avsc.streams.BlockDecoder({
      codecs: {
        zstandard: (bytes: Buffer, done: (error: Error | null, data?: Buffer) => void) =>
          done(null, Buffer.from(zstd.decompress(bytes, 100))),
      },
    });
    const values: Buffer[] = [];
    decoder.on('data', (value: Buffer) => values.push(value));
    decoder.end(Buffer.from(file));
    await new Promise((resolve, reject) => decoder.on('end', resolve).on('error', reject));
    expect(values.map(String)).toEqual(['abc']);
    expect(() => avsc.Type.forSchema(JSON.parse(ARCHIVE_SCHEMA))).not.toThrow();
  });
});
