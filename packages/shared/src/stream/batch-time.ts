/** What an earlier batch counts against the newest one, for each batch since. */
const DECAY = 0.97;
/** A slope below this share of the mean time of a message rests on too little. */
const LEAST_SHARE = 0.3;
/** Below this the sizes of batches are too much alike for a line through them. */
const LEAST_SPREAD = 1e-3;

/** Learns how much longer a batch takes for each message more in it. */
export interface BatchTime {
  observe(messages: number, ms: number): void;
  /** Milliseconds a message; null before anything was observed. */
  perMessageMs(): number | null;
}

/**
 * A line through sizes and times of late, by least squares with exponential forgetting. Its slope, not the mean: what a batch costs whatever its
 * size (a round trip, a transaction) is not saved by making it smaller. Never above the mean, as nothing takes less than no time.
 */
export function createBatchTime(): BatchTime {
  let weight = 0;
  let size = 0;
  let time = 0;
  let sizeSquared = 0;
  let sizeTime = 0;
  return {
    observe(messages, ms) {
      weight = weight * DECAY + 1;
      size = size * DECAY + messages;
      time = time * DECAY + ms;
      sizeSquared = sizeSquared * DECAY + messages * messages;
      sizeTime = sizeTime * DECAY + messages * ms;
    },
    perMessageMs() {
      if (size === 0) return null;
      const mean = time / size;
      const spread = weight * sizeSquared - size * size;
      if (spread < LEAST_SPREAD * weight * sizeSquared) return mean;
      const slope = (weight * sizeTime - size * time) / spread;
      return Math.min(mean, Math.max(LEAST_SHARE * mean, slope));
    },
  };
}
