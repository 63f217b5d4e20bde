import { type Pass, passHeaders } from '../events/headers.js';
import type { ProductEvent } from '../events/product-event.js';
import type { RecordHead } from '../events/records.js';
import type { TopicNames } from '../events/topics.js';
import type { Codec } from '../ports/codec.js';
import { deadLetter, emit, type Outcome } from './outcome.js';

export interface SendBackDeps {
  readonly topics: TopicNames;
  readonly codec: Codec<ProductEvent>;
  /** How often one listing is sent back before it is given up. */
  readonly limit: number;
}

/**
 * Sends a listing whose claim check has vanished back to be prepared again, in its lane and as the same revision; a dead letter
 * (REQUEUE_EXHAUSTED) after `limit` times.
 *
 * @param what the claim check that is gone, for the dead letter
 */
export type SendBack = (record: RecordHead, pass: Pass, what: string) => Outcome;

/** The event that a record was made from, as it is sent again. */
export const eventOf = ({ productId, version, op, listing, occurredAt }: RecordHead): ProductEvent => ({
  productId,
  version,
  op,
  ...listing,
  occurredAt,
});

export function createSendBack({ topics, codec, limit }: SendBackDeps): SendBack {
  return (record, pass, what) => {
    const { productId, lane, receivedAt, revision } = record;
    if (pass.requeue >= limit) return deadLetter('REQUEUE_EXHAUSTED', `${what} vanished ${pass.requeue + 1} times`);
    // With the count of its replays, or a listing that keeps ending as a dead letter could be replayed for ever.
    const headers = passHeaders({ ...pass, attempt: Math.max(pass.attempt, revision), revision, receivedAt, requeue: pass.requeue + 1 });
    return emit([{ topic: topics.of('events', lane), key: productId, value: codec.encode(eventOf(record)), headers }], 'SENT_BACK');
  };
}
