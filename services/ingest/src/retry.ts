import type { ErrorCode } from '@labelstream/shared/errors';
import type { RetryQueue } from '@labelstream/shared/ports/retry-queue';
import { eventOf } from '@labelstream/shared/stream/send-back';
import type { Arrival } from './arrival.js';

/** Delays vary by as much, so that listings whose image host failed do not all come back at once. */
const JITTER = 0.2;

export interface RetryPlanDeps {
  readonly retryQueue: RetryQueue;
  /** Milliseconds before each retry, in order; their number is the number of retries. */
  readonly delaysMs: readonly number[];
  /** 0 <= value < 1. */
  readonly random: () => number;
}

/**
 * Plans the next attempt for a listing's image. Planning the same twice plans it once. Throws QUEUE_UNAVAILABLE.
 *
 * @param notBeforeMs how long its host is left alone: an attempt made earlier would be lost
 */
export async function planRetry({ head, pass }: Arrival, reason: ErrorCode, deps: RetryPlanDeps, notBeforeMs = 0): Promise<void> {
  const { productId, version, lane, receivedAt } = head;
  const attempt = pass.attempt + 1;
  const plannedMs = (deps.delaysMs[pass.attempt] ?? 0) * (1 + JITTER * (2 * deps.random() - 1));
  // Spread as well, or all that wait for a host would come back at the moment when one of them is to try it.
  const delayMs = Math.round(Math.max(plannedMs, notBeforeMs * (1 + JITTER * deps.random())));
  await deps.retryQueue.schedule(
    { id: `${productId}:${version}:${attempt}`, lane, attempt, event: JSON.stringify(eventOf(head)), reason, receivedAt },
    delayMs,
  );
}
