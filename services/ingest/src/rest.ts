import type { RetryQueue } from '@labelstream/shared/ports/retry-queue';
import { defer } from '@labelstream/shared/stream/outcome';
import { eventOf } from '@labelstream/shared/stream/send-back';
import type { Arrival, Opened } from './arrival.js';

/** The first time costs nothing: a claim check that an eviction or a flush took away is there again after one more round. */
const ROUNDS_AT_ONCE = 1;
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;
/** Rests vary by as much, so that what one fault sent back does not come back all at once. */
const JITTER = 0.2;

export interface RestDeps {
  readonly retryQueue: Pick<RetryQueue, 'schedule'>;
  /** 0 <= value < 1. */
  readonly random: () => number;
}

/**
 * Lets a listing wait that was sent back again and again, longer each time: while a cache is full, every round of it is in vain, and the
 * rounds that it may make would be used up within a second. A listing that has waited for this round passes. Throws QUEUE_UNAVAILABLE.
 */
export async function rest(opened: Opened, { retryQueue, random }: RestDeps): Promise<Opened> {
  if (!('arrival' in opened) || !isTired(opened.arrival)) return opened;
  const { head, pass } = opened.arrival;
  const { productId, version, lane, receivedAt } = head;
  const { attempt, revision, requeue, replays } = pass;
  await retryQueue.schedule(
    {
      id: `${productId}:${version}:${attempt}:${requeue}`,
      lane,
      attempt,
      sentBack: { revision, requeue, ...(replays === undefined ? {} : { replays }) },
      event: JSON.stringify(eventOf(head)),
      reason: 'CLAIM_CHECK_VANISHED',
      receivedAt,
    },
    Math.round(restMs(requeue) * (1 + JITTER * (2 * random() - 1))),
  );
  return { outcome: defer('CLAIM_CHECK_VANISHED') };
}

const isTired = ({ pass: { requeue, rested = 0 } }: Arrival) => requeue > ROUNDS_AT_ONCE && rested < requeue;

/** Milliseconds before a round; doubles each time. */
export const restMs = (requeue: number): number => Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (requeue - ROUNDS_AT_ONCE - 1));
