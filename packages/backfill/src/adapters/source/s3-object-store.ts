import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { openS3Client, type S3ClientOptions } from '@labelstream/shared/adapters/s3/client';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { changed, notThere } from '../../source/object-errors.js';
import type { ByteRange, ObjectStore, StoredObject } from '../../source/object-store.js';
import { isMissing, s3Error } from './s3-errors.js';

export interface S3ObjectStoreOptions extends S3ClientOptions {
  /** A connection on which nothing comes for so long is given up, and the rest asked for on another one. */
  readonly idleTimeoutMs?: number;
}

const IDLE_TIMEOUT_MS = 60_000;

/** A body that breaks off is asked for again from there, so often without a byte in between. */
const ATTEMPTS = 4;

/** Objects in S3 or a store that speaks its API, by `s3://bucket/key`. */
export function createS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  const { idleTimeoutMs = IDLE_TIMEOUT_MS } = options;
  let client: S3Client | undefined;

  function s3(): S3Client {
    client ??= openS3Client(options, { requestHandler: { socketTimeout: idleTimeoutMs } });
    return client;
  }

  async function* list(uri: string, { after, signal }: Parameters<ObjectStore['list']>[1] = {}): AsyncGenerator<StoredObject> {
    const { bucket, key } = parse(uri);
    const isPrefix = key === '' || key.endsWith('/');
    const object = isPrefix ? undefined : await head(s3(), uri, signal);
    if (object !== undefined) return yield object;
    const place = { bucket, prefix: isPrefix ? key : `${key}/`, after: after === undefined ? undefined : parse(after).key };
    let isEmpty = key !== '' && after === undefined;
    for await (const found of below(s3(), place, signal)) {
      isEmpty = false;
      yield found;
    }
    if (isEmpty) throw notThere(uri);
  }

  async function* read(object: StoredObject, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    let { start, end } = range ?? { start: 0, end: object.sizeBytes };
    for (let attempt = 1; start < end; attempt += 1) {
      try {
        for await (const chunk of readOnce(object, { start, end }, signal)) {
          start += chunk.length;
          attempt = 0;
          yield chunk;
        }
      } catch (error) {
        failUnless(attempt < ATTEMPTS, s3Error(object.uri, error, signal));
      }
    }
  }

  /** An unread body keeps its socket for ever, so it is destroyed whenever it is not read to its end. */
  async function* readOnce(object: StoredObject, { start, end }: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { bucket, key } = parse(object.uri);
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: `bytes=${start}-${end - 1}`, IfMatch: object.tag });
    const { Body, ETag, ContentLength = 0 } = await s3().send(command, abort(signal));
    const body = Body as (AsyncIterable<Uint8Array> & { destroy(error?: Error): void }) | undefined;
    let read = 0;
    if (body === undefined) throw new Error('there is no body');
    const stop = () => body.destroy(new Error('called off'));
    const watch = watchIdle(idleTimeoutMs, () => body.destroy(new Error(`nothing came for ${idleTimeoutMs} ms`)));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      // Not every store minds `IfMatch`.
      if (ETag !== object.tag) throw changed(object.uri);
      if (ContentLength > end - start)
        throw new LabelstreamError('SOURCE_INVALID', `${object.uri}: the store does not give parts of objects.`);
      watch.begin();
      for await (const chunk of body) {
        watch.end();
        read += chunk.length;
        yield chunk;
        watch.begin();
      }
    } finally {
      watch.end();
      signal?.removeEventListener('abort', stop);
      body.destroy();
    }
    if (read < end - start) throw new Error('the body ended early');
  }

  return { list, read, close: () => client?.destroy() };
}

/** The object of this name; undefined where there is none. */
async function head(client: S3Client, uri: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
  const { bucket, key } = parse(uri);
  try {
    const { ContentLength = 0, ETag = '' } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), abort(signal));
    return { uri, sizeBytes: ContentLength, tag: ETag };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw s3Error(uri, error, signal);
  }
}

async function* below(
  client: S3Client,
  { bucket, prefix, after }: { readonly bucket: string; readonly prefix: string; readonly after: string | undefined },
  signal?: AbortSignal,
): AsyncGenerator<StoredObject> {
  let next: string | undefined;
  do {
    const start = next === undefined ? { StartAfter: after } : { ContinuationToken: next };
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...start });
    const page: ListObjectsV2CommandOutput = await client.send(command, abort(signal)).catch((error: unknown) => {
      throw s3Error(`s3://${bucket}/${prefix}`, error, signal);
    });
    for (const { Key: key = '', Size: sizeBytes = 0, ETag: tag = '' } of page.Contents ?? []) {
      // Stores and their consoles keep an empty object for a folder.
      if (!key.endsWith('/')) yield { uri: `s3://${bucket}/${key}`, sizeBytes, tag };
    }
    next = page.NextContinuationToken;
  } while (next !== undefined);
}

/** Calls `onIdle` when something that began does not end in time; what whoever reads does in between is not counted. */
function watchIdle(idleTimeoutMs: number, onIdle: () => void): { begin(): void; end(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      timer = setTimeout(onIdle, idleTimeoutMs);
    },
    end: () => clearTimeout(timer),
  };
}

/** Throws what does not pass by itself, or has come too often. */
function failUnless(mayTryAgain: boolean, failure: unknown): void {
  if (!mayTryAgain || !isLabelstreamError(failure, 'OBJECT_STORE_UNAVAILABLE')) throw failure;
}

const abort = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

function parse(uri: string): { readonly bucket: string; readonly key: string } {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/?(.*)$/is.exec(uri) ?? [];
  if (bucket !== '') return { bucket, key };
  throw new LabelstreamError('SOURCE_INVALID', `${uri}: not s3://bucket/key.`);
}
