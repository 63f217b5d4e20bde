import { setting } from '@labelstream/shared/config';
import { modelSettings } from '@labelstream/shared/model/settings';

const HOUR_MS = 60 * 60 * 1000;

/** Settings of the encoder alone. */
export const encoderSettings = modelSettings.extend({
  TOKEN_TTL_MS: setting
    .integer(1000, 720 * HOUR_MS)
    .default(6 * HOUR_MS)
    .describe('How long token sequences stay in the cache, in milliseconds.'),
});
