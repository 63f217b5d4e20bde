import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createByteReader, createByteWriter } from '../../src/archive/bytes.js';

const damaged = expect.objectContaining({ code: 'ARCHIVE_DAMAGED' });

it('numbers, texts and bytes come back as they were', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.maxSafeInteger(), fc.string({ unit: 'grapheme' }), fc.uint8Array())), (values) => {
      const writer = createByteWriter(1);
      for (const [number, text, bytes] of values) {
        writer.long(Math.trunc(number / 4));
        writer.text(text);
        writer.bytes(bytes);
        writer.raw(bytes);
      }
      const reader = createByteReader(writer.take());
      for (const [number, text, bytes] of values) {
        expect(reader.long()).toBe(Math.trunc(number / 4) + 0);
        expect(reader.text()).toBe(Buffer.from(text).toString());
        expect(Uint8Array.from(reader.bytes())).toEqual(bytes);
        expect(Uint8Array.from(reader.raw(bytes.length))).toEqual(bytes);
      }
      expect(reader.position()).toBe(reader.sizeBytes);
    }),
  );
});

it('bytes that end too early, or a number without an end, are damage', () => {
  const writer = createByteWriter();
  writer.text('some text');
  const bytes = writer.take();
  for (let end = 0; end < bytes.length; end++) expect(() => createByteReader(bytes.subarray(0, end)).text()).toThrowError(damaged);
  expect(() => createByteReader(new Uint8Array(20).fill(0xff)).long()).toThrowError(damaged);
  expect(() => createByteReader(Uint8Array.of(1)).bytes()).toThrowError(damaged);
});

it('what was taken stays as it is while the writer goes on', () => {
  const writer = createByteWriter();
  writer.text('first');
  const taken = writer.take();
  writer.text('other');
  expect(createByteReader(taken).text()).toBe('first');
  expect(writer.sizeBytes()).toBe(6);
});
