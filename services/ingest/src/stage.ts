import type { Listing } from '@labelstream/shared/events/product-event';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import type { Stage } from '@labelstream/shared/stream/stage';
import type { Arrival, Opened } from './arrival.js';
import type { FoundImage } from './find-images.js';
import { settleAll } from './limit.js';
import type { PreparedText } from './text/prepare.js';

/** The steps of ingest, each in a file of its own. */
export interface IngestSteps {
  open(message: InMessage): Promise<Opened>;
  prepareText(listing: Listing): PreparedText;
  findImages(arrivals: readonly Arrival[]): Promise<ReadonlyMap<Arrival, FoundImage>>;
  conclude(arrival: Arrival, text: PreparedText, image: FoundImage): Promise<Outcome>;
  passDeletion(arrival: Arrival): Outcome;
}

const NO_IMAGE: FoundImage = { ref: { state: 'MISSING' } };

/** `product.events` → `listings.prepared`: everything about a listing that the encoder should never wait for. */
export function createIngestStage({ open, prepareText, findImages, conclude, passDeletion }: IngestSteps): Stage {
  const process = async (batch: readonly InMessage[]): Promise<readonly Outcome[]> => {
    const opened = await Promise.all(batch.map(open));
    const listings = opened.flatMap((each) => ('arrival' in each && each.arrival.head.op === 'UPSERT' ? each.arrival : []));
    const images = await findImages(listings);
    return settleAll(
      opened.map(async (each) => {
        if ('outcome' in each) return each.outcome;
        const { arrival } = each;
        if (arrival.head.op === 'DELETE') return passDeletion(arrival);
        return conclude(arrival, prepareText(arrival.head.listing), images.get(arrival) ?? NO_IMAGE);
      }),
    );
  };
  return { name: 'ingest', input: 'events', delivery: 'at-least-once', process };
}
