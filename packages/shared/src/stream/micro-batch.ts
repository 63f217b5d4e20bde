import type { Lane } from '../events/lane.js';
import { createBatchTime } from './batch-time.js';
import { STAGE_BATCH_SIZES, type Stage } from './stage.js';

/** When a micro-batch is full enough, and how its slots are shared. */
export interface BatchPolicy {
  readonly maxSize: number;
  /** How long a message may wait for company while the stage is busy anyway. */
  readonly maxAgeMs: number;
  /** Slots that the backfill lane gets even when the live lane could fill the batch, 0..1. */
  readonly backfillShare: number;
  /**
   * About how long a batch may take because of backfill messages in it while there are live ones about, which wait for it. 0: as large as any
   * other.
   */
  readonly backfillBatchMs: number;
}

/** The settings of batches, as a user gives them. */
export interface BatchSettings {
  /** Absent: what suits the stage. */
  readonly maxBatchSize?: number | undefined;
  readonly maxBatchAgeMs: number;
  readonly backfillShare: number;
  readonly backfillBatchMs: number;
}

/** The policy of a stage. A transaction takes nearly as long whatever is in it: short ones would only be more of them. */
export const batchPolicy = (settings: BatchSettings, { name, delivery }: Pick<Stage, 'name' | 'delivery'>): BatchPolicy => ({
  maxSize: settings.maxBatchSize ?? STAGE_BATCH_SIZES[name],
  maxAgeMs: settings.maxBatchAgeMs,
  backfillShare: settings.backfillShare,
  backfillBatchMs: delivery === 'transactional' ? 0 : settings.backfillBatchMs,
});

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
  /** Tells how long a batch of so many messages was processed. */
  observe(messages: number, ms: number): void;
}

/** Live messages seen within this time are followed by more. */
const LIVE_ABOUT_MS = 5000;

/**
 * Creates a micro-batcher. It keeps between decisions since when messages have been waiting for company, and the fraction of a slot that is
 * still owed to the backfill lane (5 % of a batch of 8 is less than one message, so it is saved up).
 *
 * A batch under way is never interrupted, so what a backfill costs the live lane is the length of its batches. While live messages are about,
 * backfill messages fill a batch only as far as that takes `backfillBatchMs`, by what batches have taken (docs/decisions/0022).
 */
export function createMicroBatcher(policy: BatchPolicy): MicroBatcher {
  const { maxSize, backfillShare, backfillBatchMs } = policy;
  const batchTime = createBatchTime();
  let waitingSinceMs: number | null = null;
  let owedToBackfill = 0;
  let liveSeenMs = Number.NEGATIVE_INFINITY;

  function share({ live, backfill }: Readonly<Record<Lane, number>>, size: number): Record<Lane, number> {
    const contested = live > 0 && backfill > 0 && live + backfill > size;
    // The fraction that was saved up comes on top of a whole batch, or a share above one half of small batches would never be reached.
    if (contested) owedToBackfill = Math.min(owedToBackfill + backfillShare * Math.max(size, Math.min(live, maxSize)), maxSize + 1);
    const reserved = contested ? Math.min(Math.floor(owedToBackfill), backfill, maxSize) : 0;
    const liveSlots = Math.min(live, maxSize - reserved);
    const backfillSlots = Math.min(backfill, Math.max(reserved, size - liveSlots));
    owedToBackfill = Math.max(0, owedToBackfill - backfillSlots);
    return { live: liveSlots, backfill: backfillSlots };
  }

  /** Messages of a batch with backfill in it. */
  function sizeBesideLive(): number {
    const perMessageMs = batchTime.perMessageMs();
    if (perMessageMs === null) return 1;
    return Math.max(1, Math.min(maxSize, Math.floor(backfillBatchMs / Math.max(perMessageMs, Number.EPSILON))));
  }

  return {
    observe: batchTime.observe,
    decide({ buffered, idle, nowMs }) {
      const available = buffered.live + buffered.backfill;
      if (buffered.live > 0) liveSeenMs = nowMs;
      if (available === 0) {
        waitingSinceMs = null;
        return { kind: 'empty' };
      }
      const isLiveAbout = backfillBatchMs > 0 && nowMs - liveSeenMs <= LIVE_ABOUT_MS;
      waitingSinceMs ??= nowMs;
      // Live messages alone wait for as much company as ever.
      const size = isLiveAbout && buffered.backfill > 0 ? sizeBesideLive() : maxSize;
      const remainingMs = policy.maxAgeMs - (nowMs - waitingSinceMs);
      if (!idle && available < size && remainingMs > 0) return { kind: 'hold', ms: remainingMs };
      waitingSinceMs = null;
      return { kind: 'take', slots: share(buffered, size) };
    },
  };
}
