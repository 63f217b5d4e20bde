import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpSchemaRegistry } from '../../../src/adapters/registry/http.js';

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

let server: Server;
let seen: Seen[];
/** Answer of the server to every request; null: it never answers. */
let answer: { status: number; body: string } | null;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

beforeEach(async () => {
  seen = [];
  answer = { status: 200, body: '{}' };
  server = createServer(async (request, response) => {
    seen.push({ method: request.method, url: request.url, authorization: request.headers.authorization, body: await bodyOf(request) });
    if (answer !== null) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const port = () => (server.address() as AddressInfo).port;
const registry = (options: { credentials?: string; timeoutMs?: number } = {}) =>
  createHttpSchemaRegistry({
    url: `http://${options.credentials ?? ''}127.0.0.1:${port()}/apis/ccompat/v7/`,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });

describe('createHttpSchemaRegistry', () => {
  it('registers a schema under its subject, whatever characters that has', async () => {
    answer = { status: 200, body: '{"id":42}' };
    expect(await registry().register('shop/ä-value', '"string"')).toBe(42);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/apis/ccompat/v7/subjects/shop%2F%C3%A4-value/versions' });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ schemaType: 'AVRO', schema: '"string"' });
  });

  it('sends user and password of the address as basic authentication', async () => {
    answer = { status: 200, body: '{"id":1}' };
    await registry({ credentials: 'me:p%40ss@' }).register('a', '"int"');
    expect(seen[0]?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it.each([409, 422])('says that a schema is refused (%i), and why', async (status) => {
    answer = { status, body: '{"message":"reader type: INT"}' };
    await expect(registry().register('a-value', '"int"')).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: expect.stringMatching(/a-value.*reader type: INT/),
    });
  });

  it.each([401, 403])('says that the credentials are refused (%i), without printing them', async (status) => {
    answer = { status, body: '' };
    const error = await registry({ credentials: 'me:secret@' })
      .register('a', '"int"')
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('secret') });
  });

  it.each([
    { status: 500, body: 'oops' },
    { status: 503, body: '{"message":"later"}' },
    { status: 200, body: '<html>' },
    { status: 200, body: '{"id":"x"}' },
    { status: 200, body: 'null' },
  ])('takes the answer %j for a registry that is down', async (reply) => {
    answer = reply;
    await expect(registry().register('a', '"int"')).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE', retriable: true });
    await expect(registry().schemaOf(1)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' });
  });

  it('waits for credentials to be accepted rather than blaming a message for it', async () => {
    answer = { status: 403, body: '' };
    await expect(registry().schemaOf(1)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' });
  });

  it('hands out Avro schemas only', async () => {
    answer = { status: 200, body: JSON.stringify({ schema: '"string"' }) };
    expect(await registry().schemaOf(7)).toBe('"string"');
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/apis/ccompat/v7/schemas/ids/7' });
    answer = { status: 200, body: JSON.stringify({ schema: '{}', schemaType: 'JSON' }) };
    expect(await registry().schemaOf(7)).toBeNull();
    answer = { status: 404, body: '{"error_code":40403}' };
    expect(await registry().schemaOf(7)).toBeNull();
  });

  it('does not wait for ever', async () => {
    answer = null;
    await expect(registry({ timeoutMs: 100 }).schemaOf(1)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE' });
  });

  it('says so when nobody listens', async () => {
    const silent = createHttpSchemaRegistry({ url: 'http://127.0.0.1:9' });
    await expect(silent.schemaOf(1)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNAVAILABLE', retriable: true });
  });

  it('refuses an address that is none', () => {
    expect(() => createHttpSchemaRegistry({ url: 'not an address' })).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
