import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as made from '@labelstream/samples/adapters/bad-images';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataUri, event, type Ingest, message, openIngest } from './harness.js';

/** Every input that is bad, dangerous or odd, and what becomes of it: `emit <image state> <text state> <note>` or `<outcome> <code>`. */
const root = mkdtempSync(join(tmpdir(), 'labelstream-hostile-'));
const uriOf = (name: string) => `file://${root}/${name}`;
let ingest: Ingest;
let good: Buffer;

beforeAll(async () => {
  ingest = await openIngest({
    IMAGE_FILE_ROOT: root,
    MAX_IMAGE_BYTES: '1000000',
    IMAGE_HTTP_ALLOWED: 'true',
    IMAGE_RETRY_DELAYS_MS: '60000',
  });
  good = await made.goodJpeg();
  writeFileSync(join(root, 'good.jpg'), good);
  symlinkSync('/etc/hostname', join(root, 'link.jpg'));
  execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
});
afterAll(async () => {
  await ingest.close();
  rmSync(root, { recursive: true });
});

async function tell(outcome: Outcome): Promise<string> {
  if (outcome.kind === 'emit') {
    const { image, text } = await ingest.prepared(outcome);
    return ['emit', image.state, text.state, outcome.note ?? ''].join(' ').trim();
  }
  return `${outcome.kind} ${outcome.kind === 'deadLetter' ? outcome.code : outcome.reason}`;
}

/** The outcome of a message between two good ones, which must not notice. */
async function amongGood(hostile: InMessage): Promise<string> {
  const fine = message(event({ images: [{ uri: uriOf('good.jpg') }] }));
  const [before, outcome, after] = await ingest.process(fine, hostile, fine);
  expect([await tell(before!), await tell(after!)]).toEqual(['emit USED USED', 'emit USED USED']);
  return tell(outcome!);
}

const failed = (code: string) => `emit FAILED USED ${code}`;
const pending = (code: string) => `emit PENDING USED ${code}`;

const images: [string, () => Promise<Buffer> | Buffer, string][] = [
  ['a web page', made.htmlAsImage, failed('IMAGE_NOT_AN_IMAGE')],
  ['0 bytes', made.emptyImage, failed('IMAGE_NOT_AN_IMAGE')],
  ['one byte', () => Buffer.from([0xff]), failed('IMAGE_NOT_AN_IMAGE')],
  ['random bytes', () => createHash('sha512').update('x').digest(), failed('IMAGE_NOT_AN_IMAGE')],
  [
    'SVG that reads a file',
    () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    failed('IMAGE_NOT_AN_IMAGE'),
  ],
  ['PDF', () => Buffer.from('%PDF-1.7\n'), failed('IMAGE_NOT_AN_IMAGE')],
  ['gzip', () => Buffer.from('1f8b08000000000000', 'hex'), failed('IMAGE_NOT_AN_IMAGE')],
  ['a JPEG that breaks off', made.truncatedJpeg, failed('IMAGE_NOT_DECODABLE')],
  ['a JPEG start and nothing more', () => Buffer.from('ffd8ff', 'hex'), failed('IMAGE_NOT_DECODABLE')],
  [
    'a JPEG start before a web page',
    () => Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), made.htmlAsImage()]),
    failed('IMAGE_NOT_DECODABLE'),
  ],
  ['a PNG that breaks off', async () => made.truncated(await made.transparentPng()), failed('IMAGE_NOT_DECODABLE')],
  ['a PNG of 0 x 0 pixels', () => made.hugePng(0), failed('IMAGE_NOT_DECODABLE')],
  ['30,000 x 30,000 pixels', () => made.hugePng(), failed('IMAGE_TOO_MANY_PIXELS')],
  ['more bytes than allowed', () => Buffer.alloc(1_000_001), failed('IMAGE_TOO_LARGE')],
  ['an animated GIF', made.animatedGif, 'emit USED USED'],
  ['an animated WebP', made.animatedWebp, 'emit USED USED'],
  ['a CMYK JPEG', made.cmykJpeg, 'emit USED USED'],
  ['a PNG with 16 bits a channel', made.sixteenBitPng, 'emit USED USED'],
  ['a PNG with transparency', made.transparentPng, 'emit USED USED'],
  ['a JPEG with an EXIF rotation', made.rotatedJpeg, 'emit USED USED'],
];

test.each(images)('an image that is %s', async (_, make, expected) => {
  const bytes = await make();
  expect(await amongGood(message(event({ images: [{ uri: dataUri(bytes) }] })))).toBe(expected);
});

test.each(images.filter(([, , expected]) => expected.startsWith('emit FAILED')))(
  'without a text, an image that is %s',
  async (_, make, expected) => {
    const images = [{ uri: dataUri(await make()) }];
    expect(await amongGood(message(event({ title: '', images })))).toBe(`deadLetter ${expected.split(' ').at(-1)}`);
  },
);

const uris: [string, string, string][] = [
  ['empty', '', failed('IMAGE_URI_INVALID')],
  ['no URI', 'images/1.jpg', failed('IMAGE_URI_INVALID')],
  ['an unknown scheme', 'gopher://example.com/1.jpg', failed('IMAGE_URI_INVALID')],
  ['a script', 'javascript:alert(1)', failed('IMAGE_URI_INVALID')],
  ['data that is not base64', 'data:image/png;base64,!!!', failed('IMAGE_URI_INVALID')],
  ['data without base64', 'data:image/svg+xml,<svg/>', failed('IMAGE_URI_INVALID')],
  ['S3 without a key', 's3://bucket', failed('IMAGE_URI_INVALID')],
  ['S3 with an address as bucket', 's3://169.254.169.254/latest/meta-data', failed('IMAGE_URI_INVALID')],
  ['a file that is not there', 'file://ROOT/none.jpg', pending('IMAGE_NOT_FOUND')],
  ['a system file', 'file:///etc/passwd', failed('IMAGE_URI_FORBIDDEN')],
  ['dots out of the folder', 'file://ROOT/../../../../etc/passwd', failed('IMAGE_URI_FORBIDDEN')],
  ['encoded dots out of the folder', 'file://ROOT/%2e%2e/%2e%2e/etc/passwd', failed('IMAGE_URI_FORBIDDEN')],
  ['an encoded slash', 'file://ROOT/..%2f..%2fetc/passwd', failed('IMAGE_URI_INVALID')],
  ['a link out of the folder', 'file://ROOT/link.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['a folder', 'file://ROOT/', failed('IMAGE_URI_FORBIDDEN')],
  ['a pipe', 'file://ROOT/pipe.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['a device', 'file:///dev/zero', failed('IMAGE_URI_FORBIDDEN')],
  ['a zero byte', 'file://ROOT/a%00.jpg', failed('IMAGE_URI_INVALID')],
  ['a private address', 'http://10.0.0.1/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['the metadata service', 'http://169.254.169.254/latest/meta-data/', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback by number', 'http://127.0.0.1/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback by name', 'http://localhost/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback in hex', 'http://0x7f000001/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback in octal', 'http://0177.0.0.01/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback as one number', 'http://2130706433/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback in IPv6', 'http://[::1]/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback mapped to IPv6', 'http://[::ffff:127.0.0.1]/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['loopback in 6to4', 'http://[2002:7f00:1::]/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['a link-local IPv6 address', 'http://[fe80::1]/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['multicast', 'http://224.0.0.1/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['shared address space', 'http://100.64.0.1/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['credentials', 'https://user:secret@shop.example/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['a port of a database', 'http://shop.example:6379/1.jpg', failed('IMAGE_URI_FORBIDDEN')],
  ['a space in a host', 'http://shop example/1.jpg', failed('IMAGE_URI_INVALID')],
  ['a line break', 'http://shop.example/\r\nHost: x', failed('IMAGE_URI_INVALID')],
  ['a URI of 5,000 characters', `https://shop.example/${'a'.repeat(5000)}`, failed('IMAGE_URI_INVALID')],
];

test.each(uris)('an image URI that is %s', async (_, uri, expected) => {
  expect(await amongGood(message(event({ images: [{ uri: uri.replace('ROOT', root) }] })))).toBe(expected);
});

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const events: [string, Uint8Array | null, string][] = [
  ['no value at all', null, 'deadLetter EVENT_NOT_DECODABLE'],
  ['0 bytes', Buffer.alloc(0), 'deadLetter EVENT_NOT_DECODABLE'],
  ['neither Avro nor JSON', Buffer.from('<event/>'), 'deadLetter EVENT_NOT_DECODABLE'],
  ['Avro of an unknown schema', Buffer.from('c3010102030405060708', 'hex'), 'deadLetter EVENT_NOT_DECODABLE'],
  ['JSON that breaks off', Buffer.from('{"productId":"p'), 'deadLetter EVENT_NOT_DECODABLE'],
  ['a JSON list', json([event()]), 'deadLetter EVENT_INVALID'],
  ['without a product id', json({ ...event(), productId: undefined }), 'deadLetter EVENT_NO_PRODUCT_ID'],
  ['with an empty product id', json({ ...event(), productId: ' ' }), 'deadLetter EVENT_NO_PRODUCT_ID'],
  ['with an unknown operation', json({ ...event(), op: 'REPLACE' }), 'deadLetter EVENT_UNKNOWN_OP'],
  ['with a version that is no number', json({ ...event(), version: 'x' }), 'deadLetter EVENT_INVALID'],
  ['with images that are no list', json({ ...event(), images: 'x' }), 'deadLetter EVENT_INVALID'],
  ['with neither text nor image', json(event({ title: '' })), 'deadLetter EVENT_EMPTY'],
  ['with blanks for a text', json(event({ title: ' \t\n', description: '\u3000' })), 'deadLetter EVENT_EMPTY'],
  ['larger than allowed', Buffer.alloc(8 * 1024 * 1024 + 1), 'deadLetter EVENT_TOO_LARGE'],
  ['nested a hundred thousand deep', Buffer.from('['.repeat(100_000)), 'deadLetter EVENT_NOT_DECODABLE'],
];

test.each(events)('an event %s', async (_, bytes, expected) => {
  expect(await amongGood(message(bytes))).toBe(expected);
});

const texts: [string, Partial<ProductEvent>, string][] = [
  ['a title of 1 MB without an image', { title: 'a'.repeat(1_000_000) }, 'deadLetter TEXT_TOO_LARGE'],
  ['a title of 1 MB beside a description', { title: 'a'.repeat(1_000_000), description: 'red' }, 'deadLetter TEXT_TOO_LARGE'],
  ['a title of 64 KiB without a blank', { title: 'a'.repeat(65_536) }, 'emit MISSING USED'],
  ['markup', { title: '<script>alert(1)</script>' }, 'emit MISSING USED'],
  ['control characters', { title: '\u0000\u0001\u001b[31m' }, 'emit MISSING USED'],
  ['half a surrogate pair', { title: 'red \ud83d shirt' }, 'emit MISSING USED'],
  ['text that turns direction', { title: '\u202eder' }, 'emit MISSING USED'],
  ['special tokens', { title: '[EOS] [PAD] </s>' }, 'emit MISSING USED'],
];

test.each(texts)('a text that is %s', async (_, changes, expected) => {
  expect(await amongGood(message(event(changes)))).toBe(expected);
});

test('a title of 1 MB is labelled from its image', async () => {
  const changes = { title: 'a'.repeat(1_000_000), images: [{ uri: dataUri(good) }] };
  expect(await amongGood(message(event(changes)))).toBe('emit USED FAILED TEXT_TOO_LARGE');
});

test.each(['labelstream-revision', 'labelstream-attempt', 'labelstream-received-at', 'labelstream-requeue'])(
  'a header %s that is no number',
  async (name) => {
    expect(await amongGood(message(event(), { headers: { [name]: '-1' } }))).toBe('deadLetter EVENT_INVALID');
  },
);
