import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Settings } from '../../model/settings.js';

// Which Node.js the successors of this pinned SDK will need is for whoever pins it to know, not for whoever starts a backfill.
// biome-ignore lint/style/noProcessEnv: the SDK has no other switch
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** How a store is reached. */
export interface S3ClientOptions {
  readonly region: string;
  /** Of an S3-compatible store; AWS unless given. */
  readonly endpoint?: string;
  /** `endpoint/bucket/key` in place of `bucket.endpoint/key`. */
  readonly pathStyle: boolean;
  /** The AWS default chain unless given. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
}

/** The options that a process's settings come to; half a pair of keys counts as none. */
export function s3Options(settings: S3Settings): S3ClientOptions {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = settings;
  const known = accessKeyId !== undefined && secretAccessKey !== undefined;
  return {
    region: settings.S3_REGION,
    pathStyle: settings.S3_PATH_STYLE,
    ...(settings.S3_ENDPOINT === undefined ? {} : { endpoint: settings.S3_ENDPOINT }),
    ...(known ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) } } : {}),
  };
}

/** A client, to be destroyed by whoever opens it. Stores other than AWS may not send checksums, so none is asked for. */
export function openS3Client({ region, endpoint, pathStyle, credentials }: S3ClientOptions, more: S3ClientConfig = {}): S3Client {
  return new S3Client({
    region,
    forcePathStyle: pathStyle,
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
    ...more,
  });
}
