import avsc, { type Schema } from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLabelstreamError } from '../../src/errors.js';
import { boundsCheck } from '../../src/events/avro-bounds.js';

const typeOf = (schema: Schema) => avsc.Type.forSchema(schema);
const check = (schema: Schema, ...bytes: number[]) => boundsCheck(typeOf(schema))(Uint8Array.from(bytes));
const record = (...types: Schema[]): Schema => ({
  type: 'record',
  name: 'R',
  fields: types.map((type, index) => ({ name: `f${index}`, type })),
});

/** Whether the check says that the bytes are no whole value. */
function isRefused(checkBytes: (bytes: Uint8Array) => void, bytes: Uint8Array): boolean {
  try {
    checkBytes(bytes);
    return false;
  } catch (error) {
    return isLabelstreamError(error, 'EVENT_NOT_DECODABLE');
  }
}

const everything: Schema = record(
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
  { type: 'fixed', name: 'F', size: 3 },
  { type: 'enum', name: 'E', symbols: ['A', 'B'] },
  { type: 'array', items: { type: 'map', values: 'long' } },
  ['null', 'string', 'double'],
);
const value = fc.record({
  f0: fc.constant(null),
  f1: fc.boolean(),
  f2: fc.integer(),
  f3: fc.integer({ min: -(2 ** 52), max: 2 ** 53 - 2 }),
  f4: fc.float(),
  f5: fc.double(),
  f6: fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  f7: fc.string({ unit: 'binary' }),
  f8: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  f9: fc.constantFrom('A', 'B'),
  f10: fc.array(fc.dictionary(fc.string(), fc.integer(), { noNullPrototype: true })),
  f11: fc.oneof(fc.constant(null), fc.string(), fc.double()),
});

describe('boundsCheck', () => {
  it('accepts whatever avsc writes, and refuses every truncation of it and every byte too many', () => {
    const type = typeOf(everything);
    const checkBytes = boundsCheck(type);
    fc.assert(
      fc.property(value, (sample) => {
        const bytes = type.toBuffer(sample);
        checkBytes(bytes);
        const truncations = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));
        expect(truncations.filter((truncated) => !isRefused(checkBytes, truncated))).toEqual([]);
        expect(isRefused(checkBytes, Buffer.concat([bytes, Buffer.from([0])]))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('never fails on hostile bytes other than with a code', () => {
    const checkBytes = boundsCheck(typeOf(everything));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          checkBytes(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^EVENT_/) });
        }
      }),
    );
  });

  it('refuses a list that announces more items than there are bytes, also where an item has no bytes', () => {
    const twoBillion = [0xfe, 0xff, 0xff, 0xff, 0x0f];
    expect(() => check({ type: 'array', items: 'string' }, ...twoBillion, 0)).toThrow('more items than there are bytes');
    expect(() => check({ type: 'array', items: 'null' }, ...twoBillion, 0)).toThrow('more items than there are bytes');
    expect(() => check({ type: 'map', values: 'null' }, ...twoBillion, 0)).toThrow('more items than there are bytes');
  });

  it('reads blocks with a byte count, which other writers use', () => {
    check({ type: 'array', items: 'int' }, 0x03, 0x04, 0x02, 0x04, 0x00);
  });

  it('refuses a negative or overlong text length', () => {
    expect(() => check('string', 0x01)).toThrow('ends too early');
    expect(() => check('string', 0x04, 0x61)).toThrow('ends too early');
  });

  it('refuses text that is not UTF-8', () => {
    expect(() => check(record('string'), 0x02, 0xff)).toThrow('f0 is not UTF-8');
  });

  it('names the field whose integer cannot be held exactly', () => {
    const beyond = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20];
    expect(() => check(record('long'), ...beyond)).toThrowError(
      expect.objectContaining({ code: 'EVENT_INVALID', message: expect.stringContaining('f0') }),
    );
    expect(() => check(record('int'), 0x80, 0x80, 0x80, 0x80, 0x10)).toThrow('f0 is out of range');
  });

  it('refuses an integer without an end', () => {
    expect(() => check('long', ...Array.from({ length: 12 }, () => 0x80))).toThrow('more than 10 bytes');
  });

  it('refuses an unknown enum symbol and an unknown union branch', () => {
    expect(() => check(record({ type: 'enum', name: 'E', symbols: ['A'] }), 0x02)).toThrow('f0 has no such branch');
    expect(() => check(record(['null', 'int']), 0x04)).toThrow('f0 has no such branch');
  });

  it('refuses a recursive value that would exhaust the stack', () => {
    const list: Schema = { type: 'record', name: 'L', fields: [{ name: 'next', type: ['null', 'L'] }] };
    check(list, 0x02, 0x02, 0x00);
    expect(() => check(list, ...Array.from({ length: 100_000 }, () => 0x02), 0x00)).toThrow('nested too deeply');
  });
});
