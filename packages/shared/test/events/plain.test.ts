import avsc from 'avsc';
import { describe, expect, it } from 'vitest';
import { plain } from '../../src/events/plain.js';

describe('plain', () => {
  it('drops nulls at every depth, inside lists and optional records too', () => {
    const type = avsc.Type.forSchema({
      type: 'record',
      name: 'Outer',
      fields: [
        { name: 'a', type: ['null', 'string'] },
        { name: 'inner', type: ['null', { type: 'record', name: 'Inner', fields: [{ name: 'b', type: ['null', 'int'] }] }] },
        { name: 'list', type: { type: 'array', items: 'Inner' } },
        { name: 'path', type: ['null', { type: 'array', items: 'string' }] },
      ],
    });
    const read = (value: object) => plain(type)?.(type.fromBuffer(type.toBuffer(value)));
    expect(read({ a: null, inner: null, list: [], path: null })).toStrictEqual({ list: [] });
    expect(read({ a: '', inner: { b: null }, list: [{ b: 1 }, { b: null }], path: [] })).toStrictEqual({
      a: '',
      inner: {},
      list: [{ b: 1 }, {}],
      path: [],
    });
  });

  it('leaves lists of numbers alone, which are long', () => {
    expect(plain(avsc.Type.forSchema({ type: 'array', items: 'float' }))).toBeUndefined();
  });
});
