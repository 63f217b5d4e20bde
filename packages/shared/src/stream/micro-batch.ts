import type { Lane } from '../events/lane.js';

/** When a micro-batch is full enough, and how its slots are shared. */
export interface BatchPolicy {
  readonly maxSize: number;
  /** How long a message may wait for company while the stage is busy anyway. */
  readonly maxAgeMs: number;
  /** Slots that the backfill lane gets even when the live lane could fill the batch, 0..1. */
  readonly backfillShare: number;
}

/** What the batcher looks at. */
export interface BatchSituation {
  /** Messages ready to be taken. */
  readonly buffered: Readonly<Record<Lane, number>>;
  /** Whether nothing is being processed: then nothing is gained by waiting. */
  readonly idle: boolean;
  readonly nowMs: number;
}

export type BatchDecision =
  | { readonly kind: 'take'; readonly slots: Readonly<Record<Lane, number>> }
  | { readonly kind: 'hold'; readonly ms: number }
  | { readonly kind: 'empty' };

/** Decides what the next micro-batch is made of. */
export interface MicroBatcher {
  decide(situation: BatchSituation): BatchDecision;
}

/**
 * Creates a micro-batcher. It keeps two things between decisions: since when messages have been waiting for company, and the fraction of
 * a slot that is still owed to the backfill lane (5 % of a batch of 8 is less than one message, so it is saved up).
 */
export function createMicroBatcher(policy: BatchPolicy): MicroBatcher {
  let waitingSinceMs: number | null = null;
  let owedToBackfill = 0;

  function share({ live, backfill }: Readonly<Record<Lane, number>>): Record<Lane, number> {
    const contested = live > 0 && backfill > 0 && live + backfill > policy.maxSize;
    // The fraction that was saved up comes on top of a whole batch, or a share above one half of small batches would never be reached.
    if (contested) owedToBackfill = Math.min(owedToBackfill + policy.backfillShare * policy.maxSize, policy.maxSize + 1);
    const reserved = contested ? Math.min(Math.floor(owedToBackfill), backfill, policy.maxSize) : 0;
    const liveSlots = Math.min(live, policy.maxSize - reserved);
    const backfillSlots = Math.min(backfill, policy.maxSize - liveSlots);
    owedToBackfill = Math.max(0, owedToBackfill - backfillSlots);
    return { live: liveSlots, backfill: backfillSlots };
  }

  return {
    decide({ buffered, idle, nowMs }) {
      const available = buffered.live + buffered.backfill;
      if (available === 0) {
        waitingSinceMs = null;
        return { kind: 'empty' };
      }
      waitingSinceMs ??= nowMs;
      const remainingMs = policy.maxAgeMs - (nowMs - waitingSinceMs);
      if (!idle && available < policy.maxSize && remainingMs > 0) return { kind: 'hold', ms: remainingMs };
      waitingSinceMs = null;
      return { kind: 'take', slots: share(buffered) };
    },
  };
}
