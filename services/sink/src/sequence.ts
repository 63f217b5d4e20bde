import type { PredictedListing } from '@labelstream/shared/events/records';
import type { InMessage } from '@labelstream/shared/ports/broker';
import { type Decision, decide, isOutdated } from './decide.js';
import { baselineFor, type Committed, type StoredState } from './published.js';

/** A message with what it holds. */
export interface Arrival {
  readonly message: InMessage;
  readonly record: PredictedListing;
  /** Whether the listing can be sent back to be labelled again. */
  readonly canGoBack: boolean;
}

/** What to do with an arrival: what {@link decide} says, or that it has to be labelled again by the model of today. */
export type Verdict = Decision | { readonly kind: 'labelAgain' };

/** Decides the records of a batch one after the other, each on what the one before left. */
export interface Sequence {
  next(arrival: Arrival): Verdict;
  /** States that the batch has moved, to be saved before its transaction. */
  moved(): ReadonlyMap<string, StoredState>;
}

/**
 * @param stored states at the beginning of the batch, by product id
 * @param committed where the consumer group stood at the beginning of the batch
 */
export function createSequence(stored: ReadonlyMap<string, StoredState>, committed: Committed): Sequence {
  const moved = new Map<string, StoredState>();

  const next = ({ message, record, canGoBack }: Arrival): Verdict => {
    const known = moved.get(record.productId);
    const before = known?.before ?? baselineFor(stored.get(record.productId) ?? null, committed);
    const base = known?.state ?? before;
    if (canGoBack && isOutdated(record, base)) return { kind: 'labelAgain' };
    const decision = decide(record, base);
    if (decision.next !== null) {
      const sources = { ...decision.next.sources, [message.lane]: { partition: message.partition, offset: message.offset } };
      moved.set(record.productId, { state: { ...decision.next, sources }, before });
    }
    return decision;
  };

  return { next, moved: () => moved };
}
