import { LabelstreamError } from '../../errors.js';
import { describeUri } from '../../image/describe-uri.js';

/** Bucket naming rules: 3 to 63 of lower-case letters, digits, dots and hyphens, not shaped like an IP address. */
const BUCKET = /^(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const MAX_KEY_BYTES = 1024;
/** Whoever takes the key for a path would look in another bucket; and nobody has a picture under a control character. */
const STRANGE_KEY = /(?:^|\/)\.{1,2}(?:\/|$)|\p{Cc}/u;

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

/** Splits `s3://bucket/key`; the key is taken as it stands, without percent decoding. Throws IMAGE_URI_INVALID. */
export function parseS3Uri(uri: string): S3Location {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]*)\/(.+)$/is.exec(uri.slice(0, 5000)) ?? [];
  if (BUCKET.test(bucket) && key !== '' && !STRANGE_KEY.test(key) && Buffer.byteLength(key) <= MAX_KEY_BYTES) return { bucket, key };
  throw new LabelstreamError('IMAGE_URI_INVALID', `not s3://bucket/key: ${describeUri(uri)}`);
}
