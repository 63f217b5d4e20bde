import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { createMemoryObjectStore } from '../../src/adapters/memory/object-store.js';
import { openObjectStore } from '../../src/adapters/object-store.js';
import { bundleStoreSettings } from '../../src/model/settings.js';
import { describeObjectStore } from '../conformance/object-store.js';

describeObjectStore('memory', async () => createMemoryObjectStore());

it('a place is a bucket with a prefix, or a folder', async () => {
  const settings = bundleStoreSettings.parse({});
  const folder = await mkdtemp(join(tmpdir(), 'labelstream-place-'));
  await openObjectStore(folder, settings).put('a', new Uint8Array(1));
  expect(await readdir(folder)).toEqual(['a']);
  await openObjectStore(pathToFileURL(folder).href, settings).put('b', new Uint8Array(1));
  expect(await readdir(folder)).toEqual(['a', 'b']);
  await rm(folder, { recursive: true });
  await openObjectStore('s3://bucket/prefix', settings).close();
  expect(() => openObjectStore('S3://NO', settings)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
});

it.each([
  ['tokens', /"tokens" is a relative path, which every process would take from its own working directory/],
  ['./tokens', /relative path/],
  ['', /relative path/],
  ['gs://bucket/tokens', /"gs:\/\/bucket\/tokens" is neither/],
  ['file://elsewhere/tokens', /names no folder/],
  ['file:tokens%2Fa', /names no folder/],
])('"%s" is refused, because it is not the same place everywhere', (place, message) => {
  const refusal = expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
  expect(() => openObjectStore(place, bundleStoreSettings.parse({}))).toThrowError(refusal);
});
