import { availableParallelism } from 'node:os';
import { setting } from '@labelstream/shared/config';
import { modelSettings, s3Settings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

const durationMs = (minMs = 1) => setting.integer(minMs, DAY_MS);
const numberList = (min: number, max: number) =>
  setting
    .list()
    .transform((items) => items.map(Number))
    .pipe(z.array(z.number().int().min(min).max(max)).max(50));
const noRetries = z.literal('none').transform(() => [] as number[]);

const limits = {
  MAX_EVENT_BYTES: setting
    .integer(1024, 64 * MIB)
    .default(8 * MIB)
    .describe('A larger message is a dead letter (EVENT_TOO_LARGE).'),
  MAX_TEXT_BYTES: setting
    .integer(1, MIB)
    .default(64 * 1024)
    .describe(
      'A larger title (or description, where there is no title) fails with TEXT_TOO_LARGE; the listing is labelled from its image.',
    ),
  MAX_IMAGE_BYTES: setting
    .integer(1, 256 * MIB)
    .default(16 * MIB)
    .describe('Bytes of an encoded image, at most.'),
  MAX_IMAGE_PIXELS: setting.integer(1, 1_000_000_000).default(50_000_000).describe('Width x height of an image, at most.'),
  MAX_IMAGES_TRIED: setting.integer(1, 256).default(8).describe('Images of a listing that are tried, in their order.'),
  MAX_IMAGES: setting
    .integer(1, 16)
    .default(4)
    .describe(
      'Images of a listing that are prepared and encoded, so that the one that fits the text best is used; 1: the first that can be had.',
    ),
};

const fetching = {
  FETCH_CONCURRENCY: setting.integer(1, 1024).default(16).describe('Listings whose images are fetched at the same time.'),
  FETCH_PER_HOST: setting.integer(1, 1024).default(8).describe('Fetches from one host or bucket at the same time.'),
  DECODE_CONCURRENCY: setting
    .integer(1, 256)
    .default(availableParallelism())
    .describe('Images decoded at the same time; by default one a core.'),
  IMAGE_PATIENCE_MS: durationMs()
    .default(2000)
    .describe('How long a new listing waits for its images before it goes on with its text alone.'),
  FURTHER_IMAGES_PATIENCE_MS: durationMs(0).default(500).describe('How long a listing that has an image waits for its further ones.'),
  IMAGE_TIMEOUT_MS: durationMs().default(10_000).describe('The same at the later attempts.'),
  IMAGE_IDLE_TIMEOUT_MS: durationMs().default(5000).describe('A web server that sends nothing for this long has failed.'),
  HOST_REST_AFTER: setting
    .integer(1, 1000)
    .default(5)
    .describe('Failures in a row (no answer in time, no connection, 5xx, 429) after which an image host is left alone for a while.'),
  HOST_REST_MS: durationMs().default(10_000).describe('For how long at first; it doubles while the one fetch that then tries it fails.'),
  HOST_REST_MAX_MS: durationMs().default(300_000).describe('For how long at most, also where its `Retry-After` asks for more.'),
  IMAGE_RETRY_DELAYS_MS: z
    .union([noRetries, numberList(0, DAY_MS)])
    .default([2000, 10_000, 60_000, 600_000, 3_600_000])
    .describe('Milliseconds before each further attempt at an image that cannot be had, separated by commas; `none`: no further attempt.'),
  PIXEL_TTL_MS: durationMs(1000).default(900_000).describe('How long pixels stay in the cache.'),
};

const sources = {
  IMAGE_FILE_ROOT: z.string().min(1).optional().describe('The only folder from which `file:` images are read; absent: none is.'),
  IMAGE_HTTP_ALLOWED: setting.flag().default(false).describe('Whether `http:` images are fetched, not only `https:`.'),
  IMAGE_PORTS_ALLOW: numberList(1, 65_535).default([]).describe('Web ports allowed beside 80 and 443, separated by commas.'),
  IMAGE_HOST_ALLOW: setting
    .list()
    .default([])
    .describe('Hosts (`host` or `host:port`, IPv6 in brackets) that are read although their address is private, separated by commas.'),
  ...s3Settings.shape,
  S3_BUCKETS: setting
    .list()
    .default([])
    .describe('The only buckets that are read, separated by commas; absent: all that the credentials can.'),
};

/** Settings of ingest. */
export const ingestSettings = modelSettings
  .pick({ ENCODER_BUNDLE: true, BUNDLE_CACHE_DIR: true, REQUEUE_LIMIT: true })
  .extend({ ...limits, ...fetching, ...sources })
  .refine((all) => (all.AWS_ACCESS_KEY_ID === undefined) === (all.AWS_SECRET_ACCESS_KEY === undefined), {
    path: ['AWS_ACCESS_KEY_ID'],
    message: 'needs AWS_SECRET_ACCESS_KEY, and the other way round',
  });
export type IngestSettings = z.infer<typeof ingestSettings>;
