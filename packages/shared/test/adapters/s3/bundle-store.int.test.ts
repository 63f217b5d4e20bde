import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { bundleDirectory } from '../../../src/adapters/file/bundle-files.js';
import { pushBundle } from '../../../src/adapters/s3/bundle-store.js';
import { fetchBundle } from '../../../src/adapters/s3/fetch-bundle.js';
import { loadBundle } from '../../../src/bundle/load.js';
import { readConfig } from '../../../src/config.js';
import { type BundleStoreSettings, bundleStoreSettings } from '../../../src/model/settings.js';
import { startWebServer, type WebServer } from '../http/web-server.js';
import { CREDENTIALS, type S3Server, startS3Server } from './s3-server.js';

const FUSION = bundleDirectory('packages/shared/test/fixtures/bundles/fusion');
const CAPTION = bundleDirectory('packages/shared/test/fixtures/bundles/caption');
const AT = 's3://models/fusion/1';

let server: S3Server;
let cache: string;
const opened: WebServer[] = [];
beforeAll(async () => {
  server = await startS3Server();
  cache = await mkdtemp(join(tmpdir(), 'labelstream-cache-'));
  await server.put('models', 'something-else', Buffer.from('x'));
  await pushBundle(FUSION, AT, settings());
}, 300_000);
afterAll(async () => {
  await server.stop();
  await rm(cache, { recursive: true });
});
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

function settings(over: Record<string, string> = {}): BundleStoreSettings {
  return readConfig(bundleStoreSettings, {
    BUNDLE_CACHE_DIR: cache,
    S3_ENDPOINT: server.endpoint,
    S3_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...over,
  });
}

/** A copy of the bundle, with what is done to it. */
async function copy(change: (folder: string) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(cache, 'copy-'));
  await cp(FUSION, folder, { recursive: true });
  await change(folder);
  return folder;
}

async function putFolder(folder: string, prefix: string, leaveOut = ''): Promise<string> {
  for (const file of (await readdir(folder)).filter((name) => name !== leaveOut)) {
    await server.put('models', `${prefix}/${file}`, await readFile(join(folder, file)));
  }
  return `s3://models/${prefix}`;
}

test('a bundle that was pushed is fetched with every file, and is the same bundle', async () => {
  const folder = await fetchBundle(`${AT}/`, settings());
  const [there, here] = [await loadBundle(folder, 'fusion'), await loadBundle(FUSION, 'fusion')];
  expect(there.id).toBe(here.id);
  expect(folder.startsWith(cache)).toBe(true);
});

test('a folder is given back as it is', async () => {
  expect(await fetchBundle('models/mine', settings())).toBe('models/mine');
});

test('what is in the cache is not fetched again, and what is damaged there is fetched anew', async () => {
  const folder = await fetchBundle(AT, settings());
  await writeFile(join(folder, 'witness'), '');
  expect(await fetchBundle(AT, settings())).toBe(folder);
  expect(await readdir(folder)).toContain('witness');
  for (const damage of [
    () => appendFile(join(folder, 'fusion.onnx'), 'x'),
    () => rm(join(folder, 'golden.json')),
    () => writeFile(join(folder, 'manifest.json'), '{}'),
  ]) {
    await damage();
    expect(await fetchBundle(AT, settings())).toBe(folder);
    await loadBundle(folder, 'fusion');
  }
  expect(await readdir(folder)).not.toContain('witness');
});

test('many who fetch at the same time, into an empty and into a damaged cache, all get a whole bundle and leave nothing else behind', async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'labelstream-race-'));
  const fetchAll = () => Promise.all(Array.from({ length: 12 }, () => fetchBundle(AT, settings({ BUNDLE_CACHE_DIR: fresh }))));
  const [folder, ...others] = await fetchAll();
  expect(new Set(others)).toEqual(new Set([folder]));
  await loadBundle(folder!, 'fusion');
  await appendFile(join(folder!, 'fusion.onnx'), 'x');
  await fetchAll();
  await loadBundle(folder!, 'fusion');
  expect(await readdir(fresh)).toHaveLength(1);
  await rm(fresh, { recursive: true });
});

test('fetching another bundle makes room in the cache, and what is used stays', async () => {
  const full = await mkdtemp(join(tmpdir(), 'labelstream-full-'));
  const old = new Date(Date.now() - 24 * 60 * 60_000);
  const age = (folder: string) => utimes(folder, old, old);
  const own = await fetchBundle(AT, settings({ BUNDLE_CACHE_DIR: full }));
  for (let at = 10; at < 22; at++) {
    await mkdir(join(full, `other-0123456789${at}`));
    await age(join(full, `other-0123456789${at}`));
  }
  await age(own);
  expect(await fetchBundle(AT, settings({ BUNDLE_CACHE_DIR: full }))).toBe(own);
  expect(await readdir(full)).toHaveLength(13);
  await pushBundle(CAPTION, 's3://models/caption/1', settings());
  const other = await fetchBundle('s3://models/caption/1', settings({ BUNDLE_CACHE_DIR: full }));
  const left = await readdir(full);
  expect(left).toHaveLength(10);
  expect(left).toEqual(expect.arrayContaining([basename(own), basename(other)]));
  await rm(full, { recursive: true });
});

test('another bundle under the same place is another entry', async () => {
  const before = await fetchBundle(AT, settings());
  const other = await copy(async (folder) => {
    const path = join(folder, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"generation": 1', '"generation": 2'));
  });
  const uri = await putFolder(other, 'fusion/moved');
  expect(await fetchBundle(uri, settings())).not.toBe(before);
});

test.each<[string, (folder: string) => Promise<void>, RegExp]>([
  ['with another hash', (folder) => changeByte(join(folder, 'fusion.onnx')), /"fusion.onnx" does not have the SHA-256/],
  ['that is longer', (folder) => appendFile(join(folder, 'golden.json'), ' '), /"golden.json" has \d+ bytes, the manifest says/],
  ['that is missing', (folder) => rm(join(folder, 'fusion.onnx')), /"fusion.onnx" is missing/],
  ['whose manifest is none', (folder) => writeFile(join(folder, 'manifest.json'), '{'), /is not JSON/],
])('a bundle with a file %s is refused, and nothing of it stays', async (name, change, message) => {
  const uri = await putFolder(await copy(change), `broken/${name.replaceAll(' ', '-')}`);
  const empty = await mkdtemp(join(cache, 'empty-'));
  const answer = fetchBundle(uri, settings({ BUNDLE_CACHE_DIR: empty }));
  await expect(answer).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) });
  expect(await readdir(empty)).toEqual([]);
});

async function changeByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(path, bytes);
}

test.each([
  ['nothing there', 's3://models/none', /s3:\/\/models\/none: there is no manifest\.json/],
  ['no bucket', 's3://no-such-bucket/x', /there is no bucket "no-such-bucket"/],
  ['no URI', 's3://UPPER/x', /not s3:\/\/bucket\/prefix/],
])('%s: refused', async (_, uri, message) => {
  await expect(fetchBundle(uri, settings())).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) });
});

test.each([
  [403, 'AccessDenied', 'BUNDLE_INVALID', /no permission \(AccessDenied\)/],
  [403, 'InvalidAccessKeyId', 'BUNDLE_INVALID', /credentials are refused/],
  [503, 'SlowDown', 'OBJECT_STORE_UNAVAILABLE', /SlowDown/],
])('the store answers %i %s: %s', async (status, name, code, message) => {
  const faulty = await startWebServer((_, response) =>
    response.writeHead(status, { 'content-type': 'application/xml' }).end(`<Error><Code>${name}</Code></Error>`),
  );
  opened.push(faulty);
  const answer = fetchBundle(AT, settings({ S3_ENDPOINT: `http://127.0.0.1:${faulty.port}` }));
  await expect(answer).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a store that is not there is waited for by whoever wants to', async () => {
  const answer = fetchBundle(AT, settings({ S3_ENDPOINT: 'http://127.0.0.1:1' }));
  await expect(answer).rejects.toMatchObject({ code: 'OBJECT_STORE_UNAVAILABLE', retriable: true });
});

test('a bundle is not sent again, does not replace another, and is checked before it is sent', async () => {
  expect(await pushBundle(FUSION, AT, settings())).toMatchObject({ sent: false });
  await expect(pushBundle(CAPTION, AT, settings())).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringMatching(/holds tiny-fusion@\w{12}; bundles are never replaced/),
  });
  const broken = await copy((folder) => changeByte(join(folder, 'fusion.onnx')));
  await expect(pushBundle(broken, 's3://models/never', settings())).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  await expect(fetchBundle('s3://models/never', settings())).rejects.toThrow('there is no manifest.json');
});
