import { GetObjectCommand, type GetObjectCommandOutput, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { describeError, type ErrorCode, isLabelstreamError, LabelstreamError } from '../../errors.js';
import { describeUri } from '../../image/describe-uri.js';
import { imageTooLarge, readLimited } from '../../image/read-limited.js';
import type { ImageSource } from '../../ports/image-source.js';
import { openS3Client, type S3ClientOptions } from './client.js';
import { parseS3Uri } from './s3-uri.js';

export interface S3ImageSourceOptions extends S3ClientOptions {
  /** The only buckets that may be read; empty: all that the credentials can read. */
  readonly buckets: readonly string[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Images in S3 or a store that speaks its API. The client is opened with the first `s3:` image. */
export function createS3ImageSource(options: S3ImageSourceOptions): ImageSource & { close(): void } {
  let client: S3Client | undefined;

  async function fetch(uri: string, signal: AbortSignal): Promise<Uint8Array> {
    const { bucket, key } = parseS3Uri(uri);
    if (options.buckets.length > 0 && !options.buckets.includes(bucket)) {
      throw new LabelstreamError('IMAGE_URI_FORBIDDEN', `the bucket ${bucket} may not be read`);
    }
    client ??= openS3Client(options, { maxAttempts: 2 });
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
    return readBody(answer, options.maxBytes, signal);
  }

  return {
    async fetch({ uri }, signal) {
      const deadline = AbortSignal.timeout(options.timeoutMs);
      try {
        return await fetch(uri, signal === undefined ? deadline : AbortSignal.any([signal, deadline]));
      } catch (error) {
        if (isLabelstreamError(error)) throw error;
        throw new LabelstreamError(codeOf(error), `${describeUri(uri)}: ${describeError(error)}`, { cause: error });
      }
    },
    close: () => client?.destroy(),
  };
}

/** An unread body keeps its socket for ever, so it is destroyed whenever it is not read to its end. */
async function readBody({ Body, ContentLength }: GetObjectCommandOutput, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const body = Body as (AsyncIterable<Uint8Array> & { destroy(error?: Error): void }) | undefined;
  if (body === undefined) return new Uint8Array();
  const abort = () => body.destroy(new Error('out of time'));
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    if ((ContentLength ?? 0) > maxBytes) throw imageTooLarge(maxBytes);
    return await readLimited(body, maxBytes);
  } finally {
    signal.removeEventListener('abort', abort);
    body.destroy();
  }
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  NoSuchKey: 'IMAGE_NOT_FOUND',
  NotFound: 'IMAGE_NOT_FOUND',
  NoSuchBucket: 'IMAGE_ACCESS_DENIED',
  InvalidBucketName: 'IMAGE_URI_INVALID',
};

function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof S3ServiceException)) return 'IMAGE_FETCH_FAILED';
  const status = error.$metadata.httpStatusCode ?? 0;
  return CODES[error.name] ?? (status === 401 || status === 403 ? 'IMAGE_ACCESS_DENIED' : 'IMAGE_FETCH_FAILED');
}
