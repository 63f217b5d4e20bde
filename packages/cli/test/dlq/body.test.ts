import { createCodecs } from '@labelstream/shared/events/codecs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexDump, indentJson, showBody } from '../../src/dlq/body.js';

const bytes = (text: string) => Buffer.from(text);

test('JSON is indented', () => {
  expect(indentJson(bytes('{"a":[1,{"b":"x, {y}"}],"c":{},"d":[ ],"e":null}'))).toBe(
    '{\n  "a": [\n    1,\n    {\n      "b": "x, {y}"\n    }\n  ],\n  "c": {},\n  "d": [],\n  "e": null\n}',
  );
});

test('indentation is that of JSON.stringify, for any document', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const shown = indentJson(bytes(text));
      expect(JSON.parse(shown!)).toEqual(JSON.parse(text));
      expect(shown!.split('\n').length).toBe(JSON.stringify(value, null, 2).split('\n').length);
    }),
  );
});

test('what may be the very fault is not tidied away', () => {
  expect(indentJson(bytes('{"version":9007199254740993,"version":1e400,"t":"\\u0041"}'))).toBe(
    '{\n  "version": 9007199254740993,\n  "version": 1e400,\n  "t": "\\u0041"\n}',
  );
});

test('nothing in a document moves a cursor or hides', () => {
  expect(indentJson(bytes(JSON.stringify('a\u009b31m\u202e\u2028b\u{e0001}ü')))).toBe('"a\\u009b31m\\u202e\\u2028b\\udb40\\udc01ü"');
});

test('broken or bottomless JSON is none', () => {
  for (const text of ['', '{"a":', '\u0000', '['.repeat(100_000), `${'['.repeat(100)}${']'.repeat(100)}`]) {
    expect(indentJson(bytes(text))).toBeNull();
  }
  expect(indentJson(Uint8Array.of(0x22, 0xff, 0x22))).toBeNull();
});

test('Avro is decoded with the codec of the topic that the stage reads', async () => {
  const codecs = await createCodecs();
  const head = { productId: 'p1', version: 1, revision: 0, op: 'UPSERT', lane: 'live', occurredAt: 1, receivedAt: 2 } as const;
  const listing = { attributes: {}, images: [] };
  const missing = { state: 'MISSING' } as const;
  const record = codecs.prepared.encode({
    ...head,
    listing,
    image: missing,
    candidates: [],
    text: { state: 'USED', sha256: 'ab' },
    tokenIds: [1, 2, 3],
    preprocessId: 'x',
  });
  const shown = await showBody(record, 'encoder', codecs);
  expect(shown.form).toBe('avro');
  expect(JSON.parse(shown.text)).toMatchObject({ productId: 'p1', tokenIds: [1, 2, 3] });
  expect(shown.text).toContain('"tokenIds": [1, 2, 3]');
  expect(await showBody(record, 'sink', codecs)).toMatchObject({ form: 'hex', why: expect.stringContaining('EVENT_NOT_DECODABLE') });
});

test('anything else is shown as hex', async () => {
  expect(hexDump(bytes('Kafka\n\u0000 0123456789'))).toBe(
    [
      '0000  4b 61 66 6b 61 0a 00 20 30 31 32 33 34 35 36 37  Kafka.. 01234567',
      '0010  38 39                                            89',
    ].join('\n'),
  );
  expect(hexDump(new Uint8Array(256)).split('\n')).toHaveLength(16);
  expect(hexDump(new Uint8Array(300)).split('\n').at(-1)).toBe('… 44 more bytes');
  expect((await showBody(bytes('{"productId":'), 'ingest', await createCodecs())).form).toBe('hex');
});
