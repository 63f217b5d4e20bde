import { type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { describeError, LabelstreamError } from '../../errors.js';
import type { BundleStoreSettings } from '../../model/settings.js';
import { openS3Client, s3Options } from './client.js';

/** A client for the store that bundles lie in, which may not know checksums either; to be destroyed by whoever opens it. */
export function openBundleClient(settings: BundleStoreSettings): S3Client {
  return openS3Client(s3Options(settings), { requestChecksumCalculation: 'WHEN_REQUIRED' });
}

/** Whether there is no object of this key; that there is no such bucket is another thing. */
export const isMissingObject = (error: unknown): boolean =>
  error instanceof S3ServiceException && (error.name === 'NoSuchKey' || error.name === 'NotFound');

/** What the store answers that no second attempt changes, in words. */
function refusalOf(error: S3ServiceException, bucket: string): string | undefined {
  const status = error.$metadata.httpStatusCode ?? 0;
  if (error.name === 'NoSuchBucket') return `there is no bucket "${bucket}"`;
  if (error.name === 'InvalidAccessKeyId' || error.name === 'SignatureDoesNotMatch') return `the credentials are refused (${error.name})`;
  if (status === 401 || status === 403) return `no permission (${error.name})`;
  if (status === 301 || status === 307) return `the bucket "${bucket}" is in another region (S3_REGION)`;
  return undefined;
}

/**
 * Anything that a call to the store throws: BUNDLE_INVALID for what it refuses, CONFIG_INVALID without credentials, OBJECT_STORE_UNAVAILABLE
 * for the rest; total.
 */
export function storeError(error: unknown, uri: string, file: string): LabelstreamError {
  if (error instanceof LabelstreamError) return error;
  const refusal = error instanceof S3ServiceException ? refusalOf(error, uri.split('/')[2] ?? '') : undefined;
  if (refusal !== undefined) return new LabelstreamError('BUNDLE_INVALID', `${uri}/${file}: ${refusal}`, { cause: error });
  if (error instanceof Error && error.name === 'CredentialsProviderError') {
    return new LabelstreamError('CONFIG_INVALID', `${uri}: no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`, {
      cause: error,
    });
  }
  return new LabelstreamError('OBJECT_STORE_UNAVAILABLE', `${uri}/${file}: ${describeError(error)}`, { cause: error });
}
