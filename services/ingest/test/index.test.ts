import dns from 'node:dns';
import { mkdtempSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as made from '@labelstream/samples/adapters/bad-images';
import { createCodecs } from '@labelstream/shared/events/codecs';
import { createLog } from '@labelstream/shared/observability/log';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { SchemaRegistry } from '@labelstream/shared/ports/schema-registry';
import { deadLetterRecord } from '@labelstream/shared/stream/dead-letter';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWebServer, type WebServer } from '../../../packages/shared/test/adapters/http/web-server.js';
import { dataUri, event, type Ingest, message, openIngest } from './harness.js';
import { RESOLVED } from './hostile/addresses.js';
import { layTraps } from './hostile/files.js';
import type { Place } from './hostile/input.js';
import { hostileInputs } from './hostile/inputs.js';
import { serveHostile } from './hostile/web.js';

/** However hostile, one input must not hold ingest up for longer; a server that answers too slowly is given up after three seconds. */
const MAX_MS = 10_000;

const home = mkdtempSync(join(tmpdir(), 'labelstream-hostile-'));
/** Takes whatever it is given: a stranger's registry may hold schemas that no library would write. */
const schemas: string[] = [];
const registry: SchemaRegistry = {
  register: async (_subject, schema) => schemas.push(schema),
  schemaOf: async (id) => schemas[id - 1] ?? null,
};
const codecs = await createCodecs({ registry });
const today = (await createCodecs()).productEvent.encode(event());
const inputs = hostileInputs(registry, today);

const logged: string[] = [];
const lookup = dns.lookup;
/** How often each name was asked for. */
const asked = new Map<string, number>();
let good: Buffer;
let place: Place;
let web: WebServer;
let inner: WebServer;
let ingest: Ingest;

/** Answers as the table of names says: no test asks the world outside. */
function resolveHere(name: string, _options: unknown, done: (error: Error | null, addresses: dns.LookupAddress[]) => void): void {
  const answers = RESOLVED[name.toLowerCase()];
  const times = asked.get(name) ?? 0;
  asked.set(name, times + 1);
  const addresses = answers?.[Math.min(times, answers.length - 1)] ?? [];
  const unknown = answers === undefined ? Object.assign(new Error(`no such name: ${name}`), { code: 'ENOTFOUND' }) : null;
  done(
    unknown,
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  );
}

const fill = (uri: string) => uri.replaceAll('WEB', `127.0.0.1:${place.web}`).replaceAll('INNER', String(place.inner));

beforeAll(async () => {
  good = await made.goodJpeg();
  web = await startWebServer(serveHostile(good, fill));
  inner = await startWebServer((_, response) => response.end(good));
  Object.assign(dns, { lookup: resolveHere });
  syncBuiltinESMExports();
  place = { root: layTraps(home, good), web: web.port, inner: inner.port };
  const env = {
    IMAGE_FILE_ROOT: place.root,
    MAX_IMAGE_BYTES: '1000000',
    IMAGE_HTTP_ALLOWED: 'true',
    IMAGE_HOST_ALLOW: `127.0.0.1:${web.port}`,
    IMAGE_PORTS_ALLOW: String(inner.port),
    IMAGE_PATIENCE_MS: '3000',
    IMAGE_IDLE_TIMEOUT_MS: '2000',
    IMAGE_RETRY_DELAYS_MS: '60000',
    HOST_REST_AFTER: '1000',
    S3_BUCKETS: 'shop-images',
    S3_ENDPOINT: `http://127.0.0.1:${inner.port}`,
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
  };
  const log = createLog({ name: 'ingest', level: 'trace', destination: { write: (line) => logged.push(line) } });
  ingest = await openIngest(env, { codecs, log });
});
afterAll(async () => {
  Object.assign(dns, { lookup });
  syncBuiltinESMExports();
  await ingest.close();
  await web.close();
  await inner.close();
  rmSync(home, { recursive: true });
});

async function tell(outcome: Outcome): Promise<string> {
  if (outcome.kind === 'emit') {
    const { image, text } = await ingest.prepared(outcome);
    return ['emit', image.state, text.state, outcome.note ?? ''].join(' ').trim();
  }
  return `${outcome.kind} ${outcome.kind === 'deadLetter' ? outcome.code : outcome.reason}`;
}

/** The outcome of a message between two good ones, which must not notice. */
async function amongGood(hostile: InMessage): Promise<Outcome> {
  const fine = message(event({ images: [{ uri: `file://${place.root}/good.jpg` }] }));
  const [before, outcome, after] = await ingest.process(fine, hostile, fine);
  expect([await tell(before!), await tell(after!)]).toEqual(['emit USED USED', 'emit USED USED']);
  return outcome!;
}

/** Nothing that came with the message may break a line, a header or a terminal further on. */
function expectHarmless(hostile: InMessage, outcome: Outcome): void {
  if (outcome.kind === 'deadLetter') {
    const own = new Set(Object.keys(hostile.headers));
    const { headers = {} } = deadLetterRecord(hostile, outcome, { topic: 'product.events.dlq', stage: 'ingest' });
    expect(headers['labelstream-error-code']).toBe(outcome.code);
    const added = Object.entries(headers).filter(([name]) => !own.has(name));
    for (const [, value] of added) expect(value).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|.{513}/u);
  }
  for (const line of logged.splice(0)) {
    expect(line).not.toMatch(/[\p{Cc}](?!$)/u);
    expect(() => JSON.parse(line)).not.toThrow();
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
}

test('the table is large', () => {
  expect(inputs.length).toBeGreaterThan(250);
  expect(new Set(inputs.map(({ name }) => name)).size).toBe(inputs.length);
});

test.each(inputs)('$name → $outcome', async ({ message: make, outcome: expected }) => {
  const hostile = await make(place);
  asked.clear();
  const startedMs = performance.now();
  const outcome = await amongGood(hostile);
  expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
  expect(await tell(outcome)).toBe(expected);
  expectHarmless(hostile, outcome);
  // What a name means is looked up once, so that the address which is checked is the one that is connected to.
  expect(Math.max(0, ...asked.values())).toBeLessThanOrEqual(1);
});

test.each(inputs.filter(({ name, outcome }) => name.startsWith('image: ') && outcome.startsWith('emit FAILED')))(
  'without a text, $name is a dead letter',
  async ({ message: make, outcome: expected }) => {
    const { images } = JSON.parse(Buffer.from((await make(place)).value!).toString());
    const outcome = await amongGood(message(event({ title: '', images })));
    expect(await tell(outcome)).toBe(`deadLetter ${expected.split(' ').at(-1)}`);
  },
);

test('an id of any letters reaches the next stage as it was', async () => {
  for (const productId of ['__proto__', 'constructor', 'caf\u00e9', 'cafe\u0301', 'p\u200b1', '\u202e1p']) {
    const record = await ingest.prepared(await ingest.pass(message(event({ productId }))));
    expect(record.productId).toBe(productId);
  }
});

test('a title of 1 MB is labelled from its image', async () => {
  const outcome = await amongGood(message(event({ title: 'a'.repeat(1_000_000), images: [{ uri: dataUri(good) }] })));
  expect(await tell(outcome)).toBe('emit USED FAILED TEXT_TOO_LARGE');
});

test('through all of this, nobody has connected to the server that is not to be reached', () => {
  expect(inner.connections()).toBe(0);
});
