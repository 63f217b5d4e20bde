import { describe, expect, it } from 'vitest';
import { fingerprintOf, openRecordType } from '../../src/events/record-type.js';

const schema = (fields: object[], extra: object = {}) =>
  JSON.stringify({ type: 'record', name: 'R', namespace: 'io.labelstream', fields, ...extra });
const id = { name: 'id', type: 'string' };
const note = { name: 'note', type: ['null', 'string'], default: null };
const count = { name: 'count', type: 'long', default: 7 };

describe('openRecordType', () => {
  it('reads back plain data in which absent is absent', () => {
    const text = schema([id, note]);
    const type = openRecordType(text);
    const read = type.readerOf(text);
    expect(read(type.encode({ id: 'a' }))).toStrictEqual({ id: 'a' });
    expect(read(type.encode({ id: 'a', note: '' }))).toStrictEqual({ id: 'a', note: '' });
  });

  it('reads an older version with the defaults of what it lacked, and a newer one without what is new', () => {
    const [older, newer] = [schema([id]), schema([id, count, note])];
    expect(openRecordType(newer).readerOf(older)(openRecordType(older).encode({ id: 'a' }))).toStrictEqual({ id: 'a', count: 7 });
    expect(openRecordType(older).readerOf(newer)(openRecordType(newer).encode({ id: 'a', count: 9 }))).toStrictEqual({ id: 'a' });
  });

  it('reads the schema of a producer with its own namespace', () => {
    const theirs = schema([id], { namespace: 'com.shop' });
    expect(openRecordType(schema([id])).readerOf(theirs)(openRecordType(theirs).encode({ id: 'a' }))).toStrictEqual({ id: 'a' });
  });

  it.each([
    ['no schema at all', 'nonsense'],
    ['a type that is not defined', '"Listing"'],
    ['another record', JSON.stringify({ type: 'record', name: 'Other', fields: [] })],
    ['a record without a required field', schema([])],
  ])('cannot read %s', (_what, writer) => {
    expect(() => openRecordType(schema([id])).readerOf(writer)).toThrowError(expect.objectContaining({ code: 'EVENT_NOT_DECODABLE' }));
  });

  it('refuses to encode what does not fit', () => {
    const type = openRecordType(schema([id, count]));
    for (const value of [{}, { id: 1 }, { id: 'a', count: 1.5 }, { id: 'a', count: 2 ** 53 }, null]) {
      expect(() => type.encode(value)).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
    }
  });
});

describe('fingerprintOf', () => {
  it('ignores what the canonical form strips: documentation, defaults, aliases, order of keys', () => {
    const bare = schema([{ name: 'id', type: 'string' }]);
    const dressed = schema([{ doc: 'The id.', type: { type: 'string' }, name: 'id', default: '' }], { doc: 'A record.', aliases: ['Q'] });
    expect(fingerprintOf(dressed)).toEqual(fingerprintOf(bare));
    expect(fingerprintOf(schema([{ name: 'id2', type: 'string' }]))).not.toEqual(fingerprintOf(bare));
  });
});
