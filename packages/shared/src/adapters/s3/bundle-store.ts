import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { loadAnyBundle, parseManifest } from '../../bundle/load.js';
import type { Bundle } from '../../bundle/manifest.js';
import { refuse } from '../../bundle/validate.js';
import { LabelstreamError } from '../../errors.js';
import type { BundleStoreSettings } from '../../model/settings.js';
import { fingerprint, readIfThere } from '../file/bundle-files.js';
import { tidyBundleCache, touchEntry } from './bundle-cache.js';
import { isMissingObject, openBundleClient, storeError } from './bundle-client.js';
import { parseS3Uri } from './s3-uri.js';

const MANIFEST = 'manifest.json';
/** A file of a bundle that takes longer than this does not come. */
const TRANSFER_DEADLINE_MS = 10 * 60_000;
const deadline = () => AbortSignal.timeout(TRANSFER_DEADLINE_MS);

/** Where the files of a bundle lie; `prefix` is empty or ends with a slash. */
interface Place {
  readonly uri: string;
  readonly bucket: string;
  readonly prefix: string;
}

/**
 * Fetches a bundle from S3 into the cache folder. What is kept there never changes; an entry that is damaged is fetched anew, and what was not
 * used for the longest time makes room. Any number of processes may do so at the same time.
 *
 * @throws BUNDLE_INVALID when it is not there, not to be read, or not whole; OBJECT_STORE_UNAVAILABLE when the store does not answer
 */
export async function fetchFromS3(reference: string, settings: BundleStoreSettings): Promise<string> {
  const place = placeOf(reference);
  const client = openBundleClient(settings);
  try {
    const manifestBytes = await readManifest(client, place);
    const { id, manifest } = await parseManifest(manifestBytes, place.uri);
    const folder = join(settings.BUNDLE_CACHE_DIR, id.replace('@', '-'));
    await touchEntry(folder, Date.now());
    if (await isWhole(folder, manifestBytes, manifest.files)) return folder;
    const temporary = `${folder}.${randomUUID()}`;
    try {
      await download(client, place, { folder: temporary, files: manifest.files });
      await writeFile(join(temporary, MANIFEST), manifestBytes);
      await putInPlace(temporary, folder, () => isWhole(folder, manifestBytes, manifest.files));
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
    await tidyBundleCache(settings.BUNDLE_CACHE_DIR, { nowMs: Date.now() });
    return folder;
  } finally {
    client.destroy();
  }
}

/**
 * Checks a bundle and uploads it, the manifest last, so that whoever finds one finds a whole bundle. What is there already stays: the same
 * bundle is not sent again, and another one is not replaced.
 *
 * @returns whether anything had to be sent
 * @throws BUNDLE_INVALID, USAGE when another bundle lies there, OBJECT_STORE_UNAVAILABLE
 */
export async function pushBundle(
  folder: string,
  reference: string,
  settings: BundleStoreSettings,
): Promise<{ readonly bundle: Bundle; readonly sent: boolean }> {
  const bundle = await loadAnyBundle(folder);
  const place = placeOf(reference);
  const client = openBundleClient(settings);
  try {
    const manifestBytes = await readFile(join(bundle.directory, MANIFEST));
    const there = await readObject(client, place, MANIFEST);
    if (there !== undefined && Buffer.compare(there, manifestBytes) !== 0) {
      const what = await parseManifest(there, place.uri).then(
        ({ id }) => id,
        () => 'something else',
      );
      throw new LabelstreamError('USAGE', `${place.uri} holds ${what}; bundles are never replaced, so choose another prefix.`);
    }
    if (there !== undefined) return { bundle, sent: false };
    for (const [file, { sizeBytes }] of Object.entries(bundle.manifest.files)) {
      await send(client, place, file, { Body: createReadStream(join(bundle.directory, file)), ContentLength: sizeBytes });
    }
    await send(client, place, MANIFEST, { Body: manifestBytes, ContentLength: manifestBytes.length });
    return { bundle, sent: true };
  } finally {
    client.destroy();
  }
}

function placeOf(reference: string): Place {
  const uri = reference.replace(/\/+$/, '');
  try {
    const { bucket, key } = parseS3Uri(`${uri}/${MANIFEST}`);
    return { uri, bucket, prefix: key.slice(0, -MANIFEST.length) };
  } catch (error) {
    throw new LabelstreamError('BUNDLE_INVALID', `not s3://bucket/prefix: ${reference.slice(0, 200)}`, { cause: error });
  }
}

async function readManifest(client: S3Client, place: Place): Promise<Uint8Array> {
  const bytes = await readObject(client, place, MANIFEST);
  return bytes ?? refuse(place.uri, 'there is no manifest.json');
}

/** An object's bytes, or undefined where there is none. */
async function readObject(client: S3Client, place: Place, file: string): Promise<Uint8Array | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: place.bucket, Key: `${place.prefix}${file}` }), {
      abortSignal: deadline(),
    });
    return await Body?.transformToByteArray();
  } catch (error) {
    if (isMissingObject(error)) return undefined;
    throw storeError(error, place.uri, file);
  }
}

type Files = Bundle['manifest']['files'];

async function download(client: S3Client, place: Place, { folder, files }: { folder: string; files: Files }): Promise<void> {
  for (const [file, listed] of Object.entries(files)) {
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true });
    try {
      const signal = deadline();
      const object = { Bucket: place.bucket, Key: `${place.prefix}${file}` };
      const { Body, ContentLength } = await client.send(new GetObjectCommand(object), { abortSignal: signal });
      const body = Body as Readable;
      if (ContentLength !== undefined && ContentLength !== listed.sizeBytes) {
        body.destroy();
        refuse(place.uri, `"${file}" has ${ContentLength} bytes, the manifest says ${listed.sizeBytes}`);
      }
      await pipeline(body, createWriteStream(path), { signal });
    } catch (error) {
      if (isMissingObject(error)) refuse(place.uri, `"${file}" is missing`);
      throw storeError(error, place.uri, file);
    }
    const found = await fingerprint(path);
    if (found?.sizeBytes !== listed.sizeBytes)
      refuse(place.uri, `"${file}" has ${found?.sizeBytes} bytes, the manifest says ${listed.sizeBytes}`);
    if (found.sha256 !== listed.sha256) refuse(place.uri, `"${file}" does not have the SHA-256 of the manifest`);
  }
}

/** Whether a cache entry has every file of the manifest, unharmed. */
async function isWhole(folder: string, manifestBytes: Uint8Array, files: Files): Promise<boolean> {
  const manifest = await readIfThere(join(folder, MANIFEST));
  if (manifest === undefined || Buffer.compare(manifest, manifestBytes) !== 0) return false;
  for (const [file, { sha256, sizeBytes }] of Object.entries(files)) {
    const found = await fingerprint(join(folder, file));
    if (found?.sha256 !== sha256 || found.sizeBytes !== sizeBytes) return false;
  }
  return true;
}

/** Makes a finished download the cache entry, in one step; whoever was faster is believed when the entry is whole, and moved away when not. */
async function putInPlace(temporary: string, folder: string, isWholeNow: () => Promise<boolean>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await rename(temporary, folder);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code) || attempt > 20) throw error;
    }
    if (await isWholeNow()) return;
    const damaged = `${folder}.${randomUUID()}`;
    // Another process may have moved it away already.
    await rename(folder, damaged).catch(() => {});
    await rm(damaged, { recursive: true, force: true });
  }
}

async function send(
  client: S3Client,
  place: Place,
  file: string,
  object: { Body: Readable | Uint8Array; ContentLength: number },
): Promise<void> {
  try {
    await client.send(new PutObjectCommand({ Bucket: place.bucket, Key: `${place.prefix}${file}`, ...object }), {
      abortSignal: deadline(),
    });
  } catch (error) {
    throw storeError(error, place.uri, file);
  }
}
