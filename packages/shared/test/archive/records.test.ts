import avsc from 'avsc';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteWriter } from '../../src/archive/bytes.js';
import { ARCHIVE_SCHEMA, contentsOf, isHash, recordsOf, writeListing, writeSequence } from '../../src/archive/records.js';
import { encodedListing, hashOf } from './fixtures.js';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bytes = fc.uint8Array({ maxLength: 200 });
const record = fc.oneof(
  fc.record({
    kind: fc.constant('sequence' as const),
    modality: fc.constantFrom('image' as const, 'text' as const),
    sha256: hash,
    value: bytes,
  }),
  fc.record({ kind: fc.constant('listing' as const), productId: fc.string({ unit: 'grapheme' }), value: bytes }),
);

it('any records come back as they were, and are what their schema says', () => {
  const type = avsc.Type.forSchema(JSON.parse(ARCHIVE_SCHEMA), { wrapUnions: 'always' });
  fc.assert(
    fc.property(fc.array(record), (written) => {
      const writer = createByteWriter();
      for (const each of written) each.kind === 'sequence' ? writeSequence(writer, each) : writeListing(writer, each);
      const data = writer.take();
      const read = [...recordsOf({ records: written.length, data })];
      expect(read.map((each) => ({ ...each, value: Uint8Array.from(each.value) }))).toEqual(written);
      let offset = 0;
      for (let at = 0; at < written.length; at++) offset = type.decode(Buffer.from(data), offset).offset;
      expect(offset).toBe(data.length);
    }),
  );
});

it('a block with fewer or more records than it says is damaged', () => {
  const writer = createByteWriter();
  writeListing(writer, { productId: 'p', value: new Uint8Array(3) });
  const data = writer.take();
  for (const records of [0, 2]) {
    expect(() => [...recordsOf({ records, data })]).toThrowError(expect.objectContaining({ code: 'ARCHIVE_DAMAGED' }));
  }
});

it('a listing needs its text and every image that may be chosen; a deleted one nothing', () => {
  const listing = encodedListing('p', { picture: 'a', further: ['b'], ids: [1] });
  expect(contentsOf(listing)).toEqual([
    { modality: 'image', sha256: hashOf('a') },
    { modality: 'image', sha256: hashOf('b') },
    { modality: 'text', sha256: hashOf('1') },
  ]);
  expect(contentsOf({ ...listing, op: 'DELETE' })).toEqual([]);
  expect(contentsOf({ ...listing, image: { state: 'PENDING' } })).toEqual([{ modality: 'text', sha256: hashOf('1') }]);
  expect([isHash(hashOf('a')), isHash('a')]).toEqual([true, false]);
});
