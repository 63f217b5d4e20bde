import { afterAll, beforeAll, expect, it } from 'vitest';
import { createS3ObjectStore } from '../../../src/adapters/s3/object-store.js';
import { bundleStoreSettings } from '../../../src/model/settings.js';
import { describeObjectStore } from '../../conformance/object-store.js';
import { startRawServer, startWebServer } from '../http/web-server.js';
import { CREDENTIALS, type S3Server, startS3Server } from './s3-server.js';

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
  await server.put('archive', 'outside', new Uint8Array(1));
});
afterAll(() => server.stop());

const open = (place: string, endpoint = server.endpoint, timeoutMs = 30_000) =>
  createS3ObjectStore({
    place,
    timeoutMs,
    settings: bundleStoreSettings.parse({
      S3_ENDPOINT: endpoint,
      S3_PATH_STYLE: 'true',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    }),
  });

describeObjectStore('S3', async () => open('s3://archive/some/prefix/'));

it('lists more objects than a page has', async () => {
  const store = open('s3://archive/many');
  for (let at = 0; at < 1100; at++) await store.put(`k/${String(at).padStart(4, '0')}`, new Uint8Array());
  let last = '';
  let count = 0;
  for await (const { key } of store.list('k/')) {
    expect(key > last).toBe(true);
    last = key;
    count += 1;
  }
  expect(count).toBe(1100);
  await store.close();
}, 300_000);

it('refuses what is no bucket and prefix', () => {
  for (const place of ['s3://', 's3://UPPER/x', 's3://bucket/../x']) {
    expect(() => open(place)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  }
});

it('tells a store that refuses from one that does not answer', async () => {
  await expect(open('s3://no-such-bucket').put('a', new Uint8Array(1))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  const denied = await startWebServer((_, response) =>
    response.writeHead(403, { 'content-type': 'application/xml' }).end('<Error><Code>AccessDenied</Code></Error>'),
  );
  await expect(open('s3://archive', `http://127.0.0.1:${denied.port}`).get('a')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await denied.close();
  await expect(open('s3://archive', 'http://127.0.0.1:1').get('a')).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
  const half = await startRawServer('HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nonly this');
  const cut = open('s3://archive', `http://127.0.0.1:${half.port}`, 5000).get('a');
  await expect(cut).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE' });
  await half.close();
});
