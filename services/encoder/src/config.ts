import { modelSettings } from '@labelstream/shared/model/settings';
import { z } from 'zod';

const SIX_HOURS_MS = 6 * 60 * 60 * 1000;

/** Settings of the encoder. */
export const encoderSettings = modelSettings.extend({
  TOKEN_TTL_MS: z.coerce
    .number()
    .int()
    .min(1000)
    .default(SIX_HOURS_MS)
    .describe('How long token sequences stay in the cache, in milliseconds.'),
});
