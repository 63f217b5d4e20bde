import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_LIMITS, validateProductEvent } from '../../src/events/validate.js';
import { arbitraries } from './arbitraries.js';

const event = { productId: 'p-1', version: 1, op: 'UPSERT' };
const refused = (changes: object, code: string, message: string | RegExp) =>
  expect(() => validateProductEvent({ ...event, ...changes })).toThrowError(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );

describe('validateProductEvent', () => {
  it('leaves a valid event as it is', () => {
    fc.assert(
      fc.property(arbitraries.productEvent, (value) => {
        expect(validateProductEvent(value)).toStrictEqual(value);
      }),
    );
  });

  it('fills in what may be left out, and takes null for absent', () => {
    const whole = { ...event, attributes: {}, images: [], occurredAt: 0 };
    expect(validateProductEvent(event)).toStrictEqual(whole);
    const nulls = { title: null, description: null, attributes: null, images: null, locale: null, occurredAt: null };
    expect(validateProductEvent({ ...event, ...nulls })).toStrictEqual(whole);
  });

  it('ignores fields it does not know', () => {
    expect(validateProductEvent({ ...event, colour: { deep: [1] } })).not.toHaveProperty('colour');
  });

  it.each([null, 'text', 7, [event], true])('refuses %j as a whole', (value) => {
    expect(() => validateProductEvent(value)).toThrowError(expect.objectContaining({ code: 'EVENT_INVALID' }));
  });

  it('names a missing product id', () => {
    for (const productId of [undefined, null, '', '  \u3000']) refused({ productId }, 'EVENT_NO_PRODUCT_ID', 'productId');
  });

  it('refuses a product id that is no key', () => {
    refused({ productId: 12 }, 'EVENT_INVALID', 'productId must be text, it is the number 12');
    refused({ productId: 'ü'.repeat(257) }, 'EVENT_INVALID', 'productId has more than 512 bytes');
    refused({ productId: 'a\nb' }, 'EVENT_INVALID', 'productId has control characters');
    refused({ productId: 'a\u0000' }, 'EVENT_INVALID', 'productId has control characters');
    refused({ productId: 'a\u0085' }, 'EVENT_INVALID', 'productId has control characters');
    refused({ productId: 'a\u2028' }, 'EVENT_INVALID', 'line separators');
    refused({ productId: 'a\uD800' }, 'EVENT_INVALID', 'productId has half a surrogate pair');
    expect(validateProductEvent({ ...event, productId: 'ü'.repeat(256) }).productId).toHaveLength(256);
  });

  it('refuses an operation it does not know', () => {
    refused({ op: 'ARCHIVE' }, 'EVENT_UNKNOWN_OP', 'op must be UPSERT or DELETE, it is the text "ARCHIVE"');
    refused({ op: 'upsert' }, 'EVENT_UNKNOWN_OP', 'op');
    refused({ op: 1 }, 'EVENT_UNKNOWN_OP', 'op');
    refused({ op: 'UNKNOWN' }, 'EVENT_UNKNOWN_OP', 'op');
    refused({ op: undefined }, 'EVENT_INVALID', 'op is missing');
  });

  it.each([undefined, null, '1', 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 2 ** 53, [1], {}])(
    'refuses the version %j',
    (version) => {
      refused({ version }, 'EVENT_INVALID', /^version must be/);
    },
  );

  it('takes versions up to what is held exactly, and minus zero as zero', () => {
    expect(validateProductEvent({ ...event, version: EVENT_LIMITS.version }).version).toBe(2 ** 53 - 2);
    expect(Object.is(validateProductEvent({ ...event, version: -0 }).version, 0)).toBe(true);
  });

  it.each([
    ['2024-02-29T12:30:00Z', Date.UTC(2024, 1, 29, 12, 30)],
    ['2024-02-29T12:30:00.250+02:00', Date.UTC(2024, 1, 29, 10, 30, 0, 250)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2024-02-29 12:30:00Z', Date.UTC(2024, 1, 29, 12, 30)],
    [1700000000123, 1700000000123],
  ])('takes %j as an instant', (occurredAt, expected) => {
    expect(validateProductEvent({ ...event, occurredAt }).occurredAt).toBe(expected);
  });

  it.each(['2024-02-29T12:30:00', 'yesterday', '2024-13-01', '', -1, 1.5, 1e300, {}, '1969-12-31'])(
    'refuses %j as an instant',
    (occurredAt) => {
      refused({ occurredAt }, 'EVENT_INVALID', /^occurredAt must be/);
    },
  );

  it('names the field of the wrong type', () => {
    refused({ title: 5 }, 'EVENT_INVALID', 'title must be text, it is the number 5');
    refused({ description: {} }, 'EVENT_INVALID', 'description must be text, it is an object');
    refused({ locale: [] }, 'EVENT_INVALID', 'locale must be text, it is a list');
    refused({ attributes: [] }, 'EVENT_INVALID', 'attributes must be an object');
    refused({ attributes: { size: 42 } }, 'EVENT_INVALID', /attributes\["size"\] must be text, it is the number 42/);
    refused({ images: {} }, 'EVENT_INVALID', 'images must be a list');
    refused({ images: ['x'] }, 'EVENT_INVALID', /images\[0\] must be an object with a uri, it is the text "x"/);
    refused({ images: [{ uri: 'a' }, {}] }, 'EVENT_INVALID', /images\[1\]\.uri must be text, it is missing/);
    refused({ images: [{ uri: 'a', sha256: 'zz' }] }, 'EVENT_INVALID', /images\[0\]\.sha256 must be 64 hex digits/);
  });

  it('keeps an error message short, however long the value', () => {
    expect(() => validateProductEvent({ ...event, op: 'X'.repeat(1_000_000) })).toThrowError(
      expect.objectContaining({ message: expect.stringMatching(/^.{1,120}$/) }),
    );
  });

  it('refuses more attributes, images or bytes of a name than any listing has', () => {
    const many = Object.fromEntries(Array.from({ length: EVENT_LIMITS.attributes + 1 }, (_, index) => [`a${index}`, '']));
    refused({ attributes: many }, 'EVENT_INVALID', 'attributes has more than');
    refused({ attributes: { ['x'.repeat(1025)]: '' } }, 'EVENT_INVALID', 'attributes has a name of more than');
    refused({ images: Array.from({ length: EVENT_LIMITS.images + 1 }, () => ({ uri: 'a' })) }, 'EVENT_INVALID', 'images has more than');
    refused({ locale: 'x'.repeat(129) }, 'EVENT_INVALID', 'locale has more than');
  });

  it('is not led astray by names of the object prototype', () => {
    const hostile = JSON.parse(
      '{"productId":"p","version":1,"op":"UPSERT","__proto__":{"title":"x"},"attributes":{"__proto__":"x","constructor":"y"}}',
    );
    const value = validateProductEvent(hostile);
    expect(value).not.toHaveProperty('title');
    expect(Object.entries(value.attributes)).toEqual([['constructor', 'y']]);
    expect(Object.getPrototypeOf(value.attributes)).toBe(Object.prototype);
    expect(({} as { title?: string }).title).toBeUndefined();
    expect(() => validateProductEvent(JSON.parse('{"__proto__":{"productId":"p","version":1,"op":"UPSERT"}}'))).toThrow(
      'productId is missing',
    );
  });

  it('lower-cases hashes and repairs half a surrogate pair in texts', () => {
    const value = validateProductEvent({ ...event, title: 'a\uD83D', images: [{ uri: 'x', sha256: 'AB'.repeat(32) }] });
    expect(value.title).toBe('a\uFFFD');
    expect(value.images[0]?.sha256).toBe('ab'.repeat(32));
  });
});
