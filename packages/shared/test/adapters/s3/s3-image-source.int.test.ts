import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createS3ImageSource, type S3ImageSourceOptions } from '../../../src/adapters/s3/s3-image-source.js';
import { startRawServer, startWebServer, type WebServer } from '../http/web-server.js';
import { CREDENTIALS, type S3Server, startS3Server } from './s3-server.js';

const IMAGE = Buffer.from('the bytes of an image');
let server: S3Server;
const opened: { close(): Promise<void> | void }[] = [];

beforeAll(async () => {
  server = await startS3Server();
  await server.put('shop-images', 'a/ü b?c#1.jpg', IMAGE);
  await server.put('shop-images', 'large.jpg', Buffer.alloc(3_000_000));
  await server.put('shop-images', 'empty.jpg', Buffer.alloc(0));
  await server.put('other-images', 'a.jpg', IMAGE);
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function open(options: Partial<S3ImageSourceOptions> = {}) {
  const source = createS3ImageSource({
    region: 'us-east-1',
    endpoint: server.endpoint,
    pathStyle: true,
    credentials: CREDENTIALS,
    buckets: [],
    maxBytes: 1_000_000,
    timeoutMs: 10_000,
    ...options,
  });
  opened.push(source);
  return source;
}

async function openAt(starting: Promise<WebServer>, options: Partial<S3ImageSourceOptions> = {}) {
  const faulty = await starting;
  opened.push(faulty);
  return open({ ...options, endpoint: `http://127.0.0.1:${faulty.port}` });
}

const answer = (status: number, code: string) =>
  startWebServer((_, response) =>
    response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${code}</Code></Error>`),
  );

test('an object is read by its key as it stands', async () => {
  expect(Buffer.from(await open().fetch({ uri: 's3://shop-images/a/ü b?c#1.jpg' }))).toEqual(IMAGE);
  expect((await open().fetch({ uri: 's3://shop-images/empty.jpg' })).length).toBe(0);
});

test.each([
  ['a key that is not there', 's3://shop-images/none.jpg', 'IMAGE_NOT_FOUND'],
  ['a bucket that does not exist', 's3://no-such-bucket/a.jpg', 'IMAGE_ACCESS_DENIED'],
  ['an object over the limit', 's3://shop-images/large.jpg', 'IMAGE_TOO_LARGE'],
  ['no key', 's3://shop-images/', 'IMAGE_URI_INVALID'],
])('%s: %s → %s', async (_, uri, code) => {
  await expect(open().fetch({ uri })).rejects.toMatchObject({ code });
});

test('only the buckets of the list are read, where there is one', async () => {
  const source = open({ buckets: ['shop-images'] });
  await expect(source.fetch({ uri: 's3://other-images/a.jpg' })).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
});

test('bodies that are not wanted free their connections, of which the client has fifty', async () => {
  let requests = 0;
  const source = await openAt(
    startWebServer((_, response) => {
      requests += 1;
      response.end(requests <= 60 ? Buffer.alloc(20_000_000) : IMAGE);
    }),
    // Longer than the test: a deadline would free a forgotten connection, too.
    { timeoutMs: 600_000 },
  );
  for (let at = 0; at < 60; at += 1) {
    await expect(source.fetch({ uri: 's3://shop-images/large.jpg' })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  }
  expect((await source.fetch({ uri: 's3://shop-images/a.jpg' })).length).toBe(IMAGE.length);
});

test.each([
  [403, 'AccessDenied', 'IMAGE_ACCESS_DENIED'],
  [403, 'InvalidAccessKeyId', 'IMAGE_ACCESS_DENIED'],
  [404, 'NoSuchKey', 'IMAGE_NOT_FOUND'],
  [500, 'InternalError', 'IMAGE_FETCH_FAILED'],
  [503, 'SlowDown', 'IMAGE_FETCH_FAILED'],
])('the store answers %i %s → %s', async (status, error, code) => {
  const source = await openAt(answer(status, error));
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' })).rejects.toMatchObject({ code });
});

test('a store that does not answer is given up in time', async () => {
  const source = await openAt(
    startWebServer(() => {}),
    { timeoutMs: 200 },
  );
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' })).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a body that stops coming is given up in time', async () => {
  const source = await openAt(
    startWebServer((_, response) => void response.writeHead(200, { 'content-length': '500' }).write('x')),
    { timeoutMs: 300 },
  );
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' })).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('half a body is a failure that may be repeated', async () => {
  const source = await openAt(startRawServer('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nonly this'));
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' })).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});

test('a body that is longer than allowed without saying so is cut off', async () => {
  const source = await openAt(
    startWebServer((_, response) => {
      const send = () => {
        while (!response.destroyed && response.write(Buffer.alloc(10_000)));
      };
      response.on('drain', send).on('error', () => {});
      send();
    }),
  );
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
});

test('a fetch that is called off ends at once', async () => {
  const source = await openAt(startWebServer(() => {}));
  await expect(source.fetch({ uri: 's3://shop-images/a.jpg' }, AbortSignal.timeout(50))).rejects.toMatchObject({
    code: 'IMAGE_FETCH_FAILED',
  });
});
