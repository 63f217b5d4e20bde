import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openZstdCodec } from '../../src/adapters/zstd/block-codec.js';
import { decodeIndex } from '../../src/archive/index-file.js';
import { contentKey, keyOf, listingRows, productKey, refRows, sequenceRows } from '../../src/archive/index-rows.js';
import { nameObject } from '../../src/archive/names.js';
import { readBlock, readObject } from '../../src/archive/object-reader.js';
import { createObjectWriter, factsOf } from '../../src/archive/object-writer.js';
import { contentsOf } from '../../src/archive/records.js';
import type { BlockCodec } from '../../src/ports/block-codec.js';
import { ENCODER_ID, encodedListing, LISTING_CODEC, sequenceOf } from './fixtures.js';

let codec: BlockCodec;
beforeAll(async () => {
  codec = await openZstdCodec();
});

type Step =
  | { readonly kind: 'sequence'; readonly name: string; readonly sizeBytes: number }
  | { readonly kind: 'listing'; readonly id: string };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('sequence' as const), name: fc.string({ minLength: 1 }), sizeBytes: fc.integer({ min: 0, max: 90_000 }) }),
  fc.record({ kind: fc.constant('listing' as const), id: fc.string({ minLength: 1 }) }),
);

function write(steps: readonly Step[]) {
  const writer = createObjectWriter({ name: nameObject(ENCODER_ID, 5, 'a'), codec, firstAtMs: 5, replaces: ['x-1'] });
  for (const each of steps) {
    if (each.kind === 'sequence') writer.sequence(sequenceOf('image', each.name, each.sizeBytes));
    else {
      const record = encodedListing(each.id, { picture: each.id, ids: [1] });
      writer.listing({ productId: each.id, value: LISTING_CODEC.encode(record) }, factsOf(record));
    }
  }
  return writer.finish();
}

const recordsIn = ({ object, index }: ReturnType<typeof write>) =>
  [...readObject(object.body, decodeIndex(index.body, codec), codec)].map((records) => [...records]);

describe('an object of the archive', () => {
  it('has every record of its kind in order, and an index that says where', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const finished = write(steps);
        const index = decodeIndex(finished.index.body, codec);
        const blocks = recordsIn(finished);
        const records = blocks.flat();
        const sequences = steps.flatMap((each) => (each.kind === 'sequence' ? [sequenceOf('image', each.name, each.sizeBytes)] : []));
        const listings = steps.flatMap((each) => (each.kind === 'listing' ? [each.id] : []));
        expect(records.flatMap((each) => (each.kind === 'sequence' ? [each.sha256] : []))).toEqual(sequences.map(({ sha256 }) => sha256));
        expect(records.flatMap((each) => (each.kind === 'listing' ? [each.productId] : []))).toEqual(listings);
        expect([...sequenceRows(index.sequences)].map(({ key }) => key)).toEqual(sequences.map((each) => keyOf(contentKey(each))));
        for (const [at, { block }] of [...sequenceRows(index.sequences)].entries()) {
          expect(blocks[block]).toContainEqual(expect.objectContaining({ sha256: sequences[at]?.sha256 }));
        }
        const rows = [...listingRows(index.listings)];
        expect(rows.map(({ key }) => key)).toEqual(listings.map((id) => keyOf(productKey(id))));
        expect([...refRows(index.refs)]).toEqual(
          listings.flatMap((id) => contentsOf(encodedListing(id, { picture: id, ids: [1] })).map((content) => keyOf(contentKey(content)))),
        );
        expect(index).toMatchObject({ encoderId: ENCODER_ID, firstAtMs: 5, replaces: ['x-1'], sizeBytes: finished.object.body.length });
      }),
      { numRuns: 30 },
    );
  });

  it('has the sequences of a listing before it', () => {
    const finished = write([
      { kind: 'sequence', name: 'a', sizeBytes: 10 },
      { kind: 'listing', id: 'a' },
      { kind: 'sequence', name: 'b', sizeBytes: 300_000 },
      { kind: 'listing', id: 'b' },
    ]);
    expect(recordsIn(finished).map((records) => records.map(({ kind }) => kind))).toEqual([
      ['sequence', 'sequence'],
      ['listing', 'listing'],
    ]);
  });

  it('is read block by block where the index says', () => {
    const finished = write([{ kind: 'sequence', name: 'a', sizeBytes: 1000 }]);
    const [entry] = decodeIndex(finished.index.body, codec).blocks;
    const part = finished.object.body.subarray(entry!.offset, entry!.offset + entry!.sizeBytes);
    const [record] = [...readBlock(part, entry!, codec)];
    expect(record).toMatchObject({ kind: 'sequence', sha256: sequenceOf('image', 'a').sha256 });
  });

  it('that is damaged anywhere, cut short or longer is found out', () => {
    const finished = write([
      { kind: 'sequence', name: 'a', sizeBytes: 100 },
      { kind: 'listing', id: 'a' },
    ]);
    const { object, index } = finished;
    const damaged = expect.objectContaining({ code: 'ARCHIVE_DAMAGED' });
    const blocksAt = decodeIndex(index.body, codec).blocks[0]!.offset;
    for (let at = blocksAt; at < object.body.length; at++) {
      const body = Uint8Array.from(object.body, (value, position) => (position === at ? value ^ 4 : value));
      expect(() => recordsIn({ ...finished, object: { ...object, body } })).toThrowError(damaged);
    }
    for (const body of [object.body.subarray(0, -1), Buffer.concat([object.body, object.body])]) {
      expect(() => recordsIn({ ...finished, object: { ...object, body } })).toThrowError(damaged);
    }
  });
});

describe('an index', () => {
  it('that is damaged anywhere or cut short is found out', () => {
    const { index } = write([{ kind: 'listing', id: 'a' }]);
    const whole = decodeIndex(index.body, codec);
    for (let at = 0; at < index.body.length; at++) {
      const body = Uint8Array.from(index.body, (value, position) => (position === at ? value ^ 1 : value));
      // Damage to the text of the schema, which is not read, does no harm.
      try {
        expect(decodeIndex(body, codec)).toEqual(whole);
      } catch (error) {
        expect(error).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
      }
      expect(() => decodeIndex(index.body.subarray(0, at), codec)).toThrowError(expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
    }
  });
});
