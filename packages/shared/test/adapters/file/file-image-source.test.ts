import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFileImageSource } from '../../../src/adapters/file/file-image-source.js';

const home = mkdtempSync(join(tmpdir(), 'labelstream-files-'));
const root = join(home, 'root');
const uri = (...parts: string[]) => pathToFileURL(join(root, ...parts)).href;
const source = createFileImageSource({ root, maxBytes: 10 });

beforeAll(() => {
  mkdirSync(join(root, 'deep'), { recursive: true });
  mkdirSync(join(home, 'root-beside'));
  writeFileSync(join(root, 'a.jpg'), 'inside');
  writeFileSync(join(root, 'deep', 'ü b.jpg'), 'deep');
  writeFileSync(join(root, 'large.jpg'), Buffer.alloc(11));
  writeFileSync(join(root, 'empty.jpg'), '');
  writeFileSync(join(home, 'secret.jpg'), 'secret');
  writeFileSync(join(home, 'root-beside', 'secret.jpg'), 'secret');
  symlinkSync(join(root, 'a.jpg'), join(root, 'link-inside.jpg'));
  symlinkSync(join(home, 'secret.jpg'), join(root, 'link-outside.jpg'));
  symlinkSync(home, join(root, 'folder-outside'));
  symlinkSync('loop.jpg', join(root, 'loop.jpg'));
  symlinkSync(root, join(home, 'root-link'));
  execFileSync('mkfifo', [join(root, 'pipe.jpg')]);
});
afterAll(() => rmSync(home, { recursive: true }));

const read = async (at: string, from = source) => Buffer.from(await from.fetch({ uri: at })).toString();

test('files under the root are read, also below it and through links that stay there', async () => {
  expect(await read(uri('a.jpg'))).toBe('inside');
  expect(await read(uri('deep', 'ü b.jpg'))).toBe('deep');
  expect(await read(uri('link-inside.jpg'))).toBe('inside');
  expect(await read(uri('empty.jpg'))).toBe('');
});

test('the root may be given through a link', async () => {
  const linked = createFileImageSource({ root: join(home, 'root-link'), maxBytes: 10 });
  expect(await read(pathToFileURL(join(home, 'root-link', 'a.jpg')).href, linked)).toBe('inside');
  expect(await read(uri('a.jpg'), linked)).toBe('inside');
});

test.each([
  ['a file that is not there', () => uri('none.jpg'), 'IMAGE_NOT_FOUND'],
  ['a folder that is not there', () => uri('none', 'a.jpg'), 'IMAGE_NOT_FOUND'],
  ['a file in a file', () => uri('a.jpg', 'b.jpg'), 'IMAGE_NOT_FOUND'],
  ['a file over the limit', () => uri('large.jpg'), 'IMAGE_TOO_LARGE'],
  ['the root itself', () => uri(), 'IMAGE_URI_FORBIDDEN'],
  ['a folder', () => uri('deep'), 'IMAGE_URI_FORBIDDEN'],
  ['a pipe', () => uri('pipe.jpg'), 'IMAGE_URI_FORBIDDEN'],
  ['a link to outside', () => uri('link-outside.jpg'), 'IMAGE_URI_FORBIDDEN'],
  ['a folder linked to outside', () => uri('folder-outside', 'secret.jpg'), 'IMAGE_URI_FORBIDDEN'],
  ['a file outside', () => pathToFileURL(join(home, 'secret.jpg')).href, 'IMAGE_URI_FORBIDDEN'],
  ['a folder whose name begins like the root', () => pathToFileURL(join(home, 'root-beside', 'secret.jpg')).href, 'IMAGE_URI_FORBIDDEN'],
  ['dots that lead outside', () => `${uri()}/../secret.jpg`, 'IMAGE_URI_FORBIDDEN'],
  ['encoded dots that lead outside', () => `${uri()}/%2e%2e/secret.jpg`, 'IMAGE_URI_FORBIDDEN'],
  ['an encoded slash', () => `${uri()}/..%2fsecret.jpg`, 'IMAGE_URI_INVALID'],
  ['a link to itself', () => uri('loop.jpg'), 'IMAGE_URI_FORBIDDEN'],
  ['a system file', () => 'file:///etc/passwd', 'IMAGE_URI_FORBIDDEN'],
  ['a process file', () => 'file:///proc/self/environ', 'IMAGE_URI_FORBIDDEN'],
  ['another host', () => 'file://server/share/a.jpg', 'IMAGE_URI_INVALID'],
  ['a zero byte', () => `${uri()}/a%00.jpg`, 'IMAGE_URI_INVALID'],
  ['a name that is too long', () => uri('a'.repeat(5000)), 'IMAGE_URI_INVALID'],
])('%s', async (_, at, code) => {
  await expect(source.fetch({ uri: at() })).rejects.toMatchObject({ code });
});

test('without a root no file is read', async () => {
  await expect(createFileImageSource({ maxBytes: 10 }).fetch({ uri: uri('a.jpg') })).rejects.toMatchObject({ code: 'IMAGE_URI_FORBIDDEN' });
});

test('a fetch that is called off fails as one that may be repeated', async () => {
  await expect(source.fetch({ uri: uri('a.jpg') }, AbortSignal.abort())).rejects.toMatchObject({ code: 'IMAGE_FETCH_FAILED' });
});
