/** How long to wait between attempts. */
export interface BackoffSettings {
  readonly baseMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: BackoffSettings = { baseMs: 100, maxMs: 10_000 };

/**
 * Exponential back-off with full jitter: a uniform draw between 0 and `base * 2^(attempt - 1)`, capped. Full jitter, because the members
 * of a group all notice an outage at the same moment and must not come back at the same moment.
 *
 * @param attempt failed attempts so far, at least 1
 * @param random uniform in [0, 1)
 */
export function backoffMs(attempt: number, settings: BackoffSettings, random: () => number): number {
  // 2^30 * base is beyond any cap; without the limit the power overflows in an outage of days.
  const exponent = Math.min(attempt - 1, 30);
  return Math.floor(random() * Math.min(settings.maxMs, settings.baseMs * 2 ** exponent));
}
