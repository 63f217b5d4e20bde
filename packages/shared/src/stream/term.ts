import { isLabelstreamError } from '../errors.js';
import type { Subscription } from '../ports/broker.js';

/** A stretch of work within one assignment of partitions. What outlives its term is delivered again, to whoever has the partition then. */
export interface Term {
  /** The assignment has changed since. */
  isOver(): boolean;
  /** Aborted by the drain: outages are not waited for any longer. */
  readonly giveUp: AbortController;
}

/** Begins a term in the current assignment. */
export function beginTerm(subscription: Pick<Subscription, 'generation'>): Term {
  const generation = subscription.generation();
  return { giveUp: new AbortController(), isOver: () => generation !== subscription.generation() };
}

/** Whether Kafka or the published state refuses because the partition has a newer owner. */
export const isFenced = (error: unknown): boolean => isLabelstreamError(error, 'BROKER_FENCED', 'STATE_FENCED');
