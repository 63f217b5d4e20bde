import { setting } from '@labelstream/shared/config';
import { modelSettings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

const MIB = 1024 * 1024;
const HOUR_MS = 60 * 60 * 1000;

/** Settings of the encoder alone. */
export const encoderSettings = modelSettings.extend({
  TOKEN_TTL_MS: setting
    .integer(1000, 720 * HOUR_MS)
    .default(6 * HOUR_MS)
    .describe('How long token sequences stay in the cache, in milliseconds.'),
  TOKEN_ARCHIVE: z
    .string()
    .default('')
    .describe(
      'Where token sequences and encoded listings are archived: `s3://bucket/prefix`, or a folder by its absolute path; absent: nowhere.',
    ),
  ARCHIVE_OBJECT_BYTES: setting
    .integer(1024, 512 * MIB)
    .default(32 * MIB)
    .describe('Size at which an object of the archive is stored.'),
  ARCHIVE_MAX_AGE_MS: setting
    .integer(100, 24 * HOUR_MS)
    .default(300_000)
    .describe('Age at which it is stored, however small.'),
  ARCHIVE_BUFFER_BYTES: setting
    .integer(1024, 4096 * MIB)
    .default(128 * MIB)
    .describe(
      'What waits to be archived, at most. While the store is down, what comes on top is not archived; it is labelled all the same.',
    ),
  ARCHIVE_REMEMBERED: setting
    .integer(0, 10_000_000)
    .default(100_000)
    .describe('Contents that a process remembers as archived, so that each is archived once.'),
  ARCHIVE_CLOSE_MS: setting.integer(0, 600_000).default(5000).describe('How long a process that ends goes on storing what waits.'),
});
export type EncoderSettings = z.infer<typeof encoderSettings>;
