import type { PredictedListing } from '@labelstream/shared/events/records';
import type { InMessage } from '@labelstream/shared/ports/broker';
import { type Decision, decide } from './decide.js';
import { baselineFor, type Committed, type StoredState } from './published.js';

/** A message with what it holds. */
export interface Arrival {
  readonly message: InMessage;
  readonly record: PredictedListing;
}

/** Decides the records of a batch one after the other, each on what the one before left. */
export interface Sequence {
  next(arrival: Arrival): Decision;
  /** States that the batch has moved, to be saved before its transaction. */
  moved(): ReadonlyMap<string, StoredState>;
}

/**
 * @param stored states at the beginning of the batch, by product id
 * @param committed where the consumer group stood at the beginning of the batch
 */
export function createSequence(stored: ReadonlyMap<string, StoredState>, committed: Committed): Sequence {
  const moved = new Map<string, StoredState>();

  const next = ({ message, record }: Arrival): Decision => {
    const known = moved.get(record.productId);
    const before = known?.before ?? baselineFor(stored.get(record.productId) ?? null, committed);
    const decision = decide(record, known?.state ?? before);
    if (decision.next !== null) {
      const sources = { ...decision.next.sources, [message.lane]: { partition: message.partition, offset: message.offset } };
      moved.set(record.productId, { state: { ...decision.next, sources }, before });
    }
    return decision;
  };

  return { next, moved: () => moved };
}
