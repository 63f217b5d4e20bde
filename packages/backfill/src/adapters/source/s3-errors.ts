import { S3ServiceException } from '@aws-sdk/client-s3';
import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { changed, notThere } from '../../source/object-errors.js';

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0);

/** Whether a store says that there is no such object; of a HEAD request it does not say whether there is the bucket. */
export const isMissing = (error: unknown): boolean => statusOf(error) === 404 && !(error instanceof Error && error.name === 'NoSuchBucket');

/** What an error of the S3 client is to whoever runs a backfill, and what to do about it. Any abort is given back as it is. */
export function s3Error(uri: string, error: unknown, signal?: AbortSignal): unknown {
  if (isLabelstreamError(error)) return error;
  if (signal?.aborted) return signal.reason;
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  if (status === 412) return changed(uri, error);
  const what = whatToDo(name, status, uri);
  if (what !== undefined) return new LabelstreamError('SOURCE_INVALID', `${uri}: ${what}`, { cause: error });
  if (isMissing(error)) return notThere(uri, error);
  return new LabelstreamError('OBJECT_STORE_UNAVAILABLE', `${uri}: ${describeError(error)}`, { cause: error });
}

const CREDENTIALS = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'InvalidToken']);

function whatToDo(name: string, status: number, uri: string): string | undefined {
  const bucket = uri.split('/')[2] ?? '';
  if (name === 'NoSuchBucket') return `there is no bucket ${bucket}; check its name, S3_ENDPOINT and S3_REGION.`;
  if (name === 'InvalidBucketName') return `${bucket} is no name of a bucket.`;
  if (name === 'CredentialsProviderError') return 'there are no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
  if (CREDENTIALS.has(name)) return `the store does not take the credentials (${name}); check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  if (status === 401 || status === 403)
    return `the credentials may not read it; they need s3:ListBucket and s3:GetObject of the bucket ${bucket}.`;
  if (status === 301 || status === 307) return `the bucket ${bucket} is in another region; set S3_REGION.`;
  if (status === 416) return 'it is shorter than it was when it was looked at; start again, with the file as it is now.';
  return undefined;
}
