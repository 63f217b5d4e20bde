import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setting } from '@labelstream/shared/config';
import { s3Settings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

/** Settings of a backfill worker alone. */
export const backfillSettings = z.object({
  BACKFILL_CONCURRENCY: setting.integer(1, 64).default(2).describe('Ranges that a backfill worker does at the same time.'),
  BACKFILL_SLICE_MS: setting
    .integer(1000, 86_400_000)
    .default(30_000)
    .describe('How long a range may run, in milliseconds, before it makes room for another backfill of the same or a higher priority.'),
  BACKFILL_PICTURES_DIR: z
    .string()
    .min(1)
    .default(join(tmpdir(), 'labelstream-pictures'))
    .describe('Folder in which tars of pictures are unpacked; it must lie below IMAGE_FILE_ROOT of ingest.'),
  ...s3Settings.shape,
});
