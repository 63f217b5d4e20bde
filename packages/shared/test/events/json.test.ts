import { describe, expect, it } from 'vitest';
import { parseJson, toJson } from '../../src/events/json.js';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('parseJson', () => {
  it('takes UTF-8 with and without a byte order mark', () => {
    expect(parseJson(bytes('\uFEFF{"a":"ü👟"}'))).toEqual({ a: 'ü👟' });
    expect(parseJson(bytes(' {"a":1}\n'))).toEqual({ a: 1 });
  });

  it.each([
    ['nothing', Uint8Array.of()],
    ['half a value', bytes('{"a":')],
    ['a web page', bytes('<!doctype html>')],
    ['NaN', bytes('{"version":NaN}')],
    ['text that is not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['UTF-16', new Uint8Array(Buffer.from('\uFEFF{"a":1}', 'utf16le'))],
  ])('refuses %s', (_what, input) => {
    expect(() => parseJson(input)).toThrowError(expect.objectContaining({ code: 'EVENT_NOT_DECODABLE' }));
  });

  it('survives a deeply nested value', () => {
    const depth = 200_000;
    let outcome: unknown = 'value';
    try {
      parseJson(bytes(`${'['.repeat(depth)}${']'.repeat(depth)}`));
    } catch (error) {
      outcome = (error as { code?: string }).code;
    }
    expect(['value', 'EVENT_NOT_DECODABLE']).toContain(outcome);
  });
});

describe('toJson', () => {
  it('writes UTF-8', () => {
    expect(Buffer.from(toJson({ a: 'ü' })).toString('utf8')).toBe('{"a":"ü"}');
  });
});
