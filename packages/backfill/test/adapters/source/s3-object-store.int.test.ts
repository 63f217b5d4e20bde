import { afterEach, describe, expect, it } from 'vitest';
import { startRawServer, startWebServer, type WebServer } from '../../../../shared/test/adapters/http/web-server.js';
import { CREDENTIALS, startS3Server } from '../../../../shared/test/adapters/s3/s3-server.js';
import { createS3ObjectStore } from '../../../src/adapters/source/s3-object-store.js';
import type { StoredObject } from '../../../src/source/object-store.js';
import { objectStoreConformance } from '../../conformance/object-store.js';

const openStore = (endpoint: string, idleTimeoutMs = 60_000) =>
  createS3ObjectStore({ region: 'us-east-1', endpoint, pathStyle: true, credentials: CREDENTIALS, idleTimeoutMs });

objectStoreConformance('S3', async () => {
  const server = await startS3Server();
  const store = openStore(server.endpoint);
  return {
    store,
    folder: 's3://shop-catalogue/listings/',
    put(uri, bytes) {
      const [, , bucket = '', ...key] = uri.split('/');
      return server.put(bucket, key.join('/'), bytes);
    },
    async stop() {
      store.close();
      await server.stop();
    },
  };
});

describe('S3', () => {
  const opened: { close(): Promise<void> | void }[] = [];
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });

  async function openAt(starting: Promise<WebServer>, idleTimeoutMs?: number) {
    const server = await starting;
    const store = openStore(`http://127.0.0.1:${server.port}`, idleTimeoutMs);
    opened.push(store, server);
    return store;
  }

  async function first(store: ReturnType<typeof openStore>, uri: string): Promise<StoredObject | undefined> {
    for await (const object of store.list(uri)) return object;
    return undefined;
  }

  async function readAll(store: ReturnType<typeof openStore>, object: StoredObject): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(object)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  it('says that there is no such bucket', async () => {
    const server = await startS3Server();
    const store = openStore(server.endpoint);
    opened.push(store, { close: () => server.stop() });
    for (const uri of ['s3://no-such-bucket/a.csv', 's3://no-such-bucket/a/', 's3://no-such-bucket']) {
      await expect(first(store, uri)).rejects.toMatchObject({
        code: 'SOURCE_INVALID',
        message: expect.stringMatching(/there is no bucket no-such-bucket; check its name, S3_ENDPOINT and S3_REGION/),
      });
    }
  });

  it.each([
    [403, 'AccessDenied', 'SOURCE_INVALID', /need s3:ListBucket and s3:GetObject of the bucket shop/],
    [403, 'InvalidAccessKeyId', 'SOURCE_INVALID', /does not take the credentials \(InvalidAccessKeyId\); check AWS_ACCESS_KEY_ID/],
    [301, 'PermanentRedirect', 'SOURCE_INVALID', /in another region; set S3_REGION/],
    [503, 'SlowDown', 'OBJECT_STORE_UNAVAILABLE', /SlowDown/],
  ])('%i %s → %s', async (status, name, code, message) => {
    const store = await openAt(
      startWebServer((_, response) =>
        response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${name}</Code></Error>`),
      ),
    );
    await expect(first(store, 's3://shop/a/')).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    const object = { uri: 's3://shop/a.csv', sizeBytes: 5, tag: '"1"' };
    await expect(readAll(store, object)).rejects.toMatchObject({ code });
  });

  it('goes on from where a body breaks off, and gives up when nothing comes any more', async () => {
    const bytes = Buffer.from('0123456789');
    const asked: (string | undefined)[] = [];
    const store = await openAt(
      startWebServer((request, response) => {
        asked.push(request.headers.range);
        const [start = 0] = (request.headers.range ?? '').match(/\d+/g)?.map(Number) ?? [];
        response.writeHead(206, { etag: '"1"', 'content-length': bytes.length - start });
        response.write(bytes.subarray(start, start + 4), () => setTimeout(() => response.destroy(), 20));
      }),
    );
    expect(await readAll(store, { uri: 's3://shop/a.csv', sizeBytes: 10, tag: '"1"' })).toEqual(bytes);
    expect(asked).toEqual(['bytes=0-9', 'bytes=4-9', 'bytes=8-9']);
    const dead = await openAt(startRawServer('HTTP/1.1 206 Partial Content\r\netag: "1"\r\ncontent-length: 10\r\n\r\n'));
    await expect(readAll(dead, { uri: 's3://shop/a.csv', sizeBytes: 10, tag: '"1"' })).rejects.toMatchObject({
      code: 'OBJECT_STORE_UNAVAILABLE',
    });
  });

  it('goes on from where a body stops coming, on another connection', async () => {
    const store = await openAt(
      startWebServer((request, response) => {
        const [start = 0] = (request.headers.range ?? '').match(/\d+/g)?.map(Number) ?? [];
        response.writeHead(206, { etag: '"1"', 'content-length': 10 - start });
        response.write('0123456789'.slice(start, start + 5));
      }),
      300,
    );
    expect((await readAll(store, { uri: 's3://shop/a.csv', sizeBytes: 10, tag: '"1"' })).toString()).toBe('0123456789');
  });

  it('refuses a store that gives more than it was asked for', async () => {
    const store = await openAt(
      startWebServer((_, response) => response.writeHead(200, { etag: '"1"', 'content-length': 10 }).end('0123456789')),
    );
    const reading = readAll(store, { uri: 's3://shop/a.csv', sizeBytes: 5, tag: '"1"' });
    await expect(reading).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('does not give parts of objects'),
    });
  });

  it('refuses another object than it was, although the store gives it', async () => {
    const store = await openAt(startWebServer((_, response) => response.writeHead(206, { etag: '"2"' }).end('01234')));
    await expect(readAll(store, { uri: 's3://shop/a.csv', sizeBytes: 5, tag: '"1"' })).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: 's3://shop/a.csv has changed since it was looked at; start again, with the file as it is now.',
    });
  });

  it('that is no S3 name is refused', async () => {
    const store = await openAt(startWebServer((_, response) => response.end()));
    await expect(first(store, 's3:///a')).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
  });
});
