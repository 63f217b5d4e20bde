import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { describeError, LabelstreamError } from '../../errors.js';
import type { BundleStoreSettings } from '../../model/settings.js';
import type { ObjectInfo, ObjectStore } from '../../ports/object-store.js';
import { checkObjectKey } from '../common/object-key.js';
import { openBundleClient } from './bundle-client.js';
import { parseS3Uri } from './s3-uri.js';

export interface S3ObjectStoreDeps {
  /** `s3://bucket` or `s3://bucket/prefix`. */
  readonly place: string;
  readonly settings: BundleStoreSettings;
  /** A call that takes longer has failed. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 60_000;
/** Stands for any key while the place is checked. */
const ANY_KEY = 'key';

interface Place {
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
}

function placeOf(text: string): Place {
  try {
    const { bucket, key } = parseS3Uri(`${text.replace(/\/+$/, '')}/${ANY_KEY}`);
    return { bucket, prefix: key.slice(0, -ANY_KEY.length) };
  } catch (error) {
    throw new LabelstreamError('CONFIG_INVALID', `not s3://bucket/prefix: ${text.slice(0, 200)}`, { cause: error });
  }
}

/** Objects in S3 or a store that speaks its API. Throws CONFIG_INVALID where `place` is no bucket and prefix. */
export function createS3ObjectStore({ place, settings, timeoutMs = TIMEOUT_MS }: S3ObjectStoreDeps): ObjectStore {
  const { bucket, prefix } = placeOf(place);
  const client: S3Client = openBundleClient(settings);
  const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}${checkObjectKey(key)}` });

  async function guarded<T>(doing: string, run: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    try {
      return await run({ abortSignal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw toStoreError(error, `${doing} ${place}`);
    }
  }

  const listPage = (from: string, token: string | undefined) =>
    guarded('listing', (options) =>
      client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}${from}`, ContinuationToken: token }), options),
    );

  return {
    put: (key, body) =>
      guarded('writing to', async (options) => {
        await client.send(new PutObjectCommand({ ...at(key), Body: body, ContentLength: body.length }), options);
      }),
    get: (key, range) =>
      guarded('reading from', async (options) => {
        const Range = range && `bytes=${range.offset}-${range.offset + range.sizeBytes - 1}`;
        try {
          const { Body } = await client.send(new GetObjectCommand({ ...at(key), Range }), options);
          return (await Body?.transformToByteArray()) ?? new Uint8Array();
        } catch (error) {
          if (isNamed(error, 'NoSuchKey', 'NotFound')) return undefined;
          if (isNamed(error, 'InvalidRange')) return new Uint8Array();
          throw error;
        }
      }),
    async *list(from) {
      let token: string | undefined;
      do {
        const page = await listPage(from, token);
        for (const { Key, Size = 0, LastModified } of page.Contents ?? []) {
          if (Key !== undefined) yield infoOf(Key.slice(prefix.length), Size, LastModified);
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
    },
    async delete(keys) {
      // One after the other and not in bulk, because the order counts.
      for (const key of keys) await guarded('deleting from', (options) => client.send(new DeleteObjectCommand(at(key)), options));
    },
    close: async () => client.destroy(),
  };
}

const infoOf = (key: string, sizeBytes: number, modified: Date | undefined): ObjectInfo => ({
  key,
  sizeBytes,
  modifiedAtMs: modified?.getTime() ?? 0,
});

const isNamed = (error: unknown, ...names: string[]) => error instanceof S3ServiceException && names.includes(error.name);

/** Anything that a call throws; total. */
function toStoreError(error: unknown, doing: string): LabelstreamError {
  if (error instanceof LabelstreamError) return error;
  const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
  const isRefused = [301, 307, 400, 401, 403, 404].includes(status) || (error as Error).name === 'CredentialsProviderError';
  const code = isRefused ? 'CONFIG_INVALID' : 'OBJECT_STORE_UNAVAILABLE';
  return new LabelstreamError(code, `${doing}: ${describeError(error)}`, { cause: error });
}
