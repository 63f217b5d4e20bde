import type { Listing } from '@labelstream/shared/events/product-event';
import type { InMessage } from '@labelstream/shared/ports/broker';
import type { Outcome } from '@labelstream/shared/stream/outcome';
import type { Stage } from '@labelstream/shared/stream/stage';
import type { Arrival, Opened } from './arrival.js';
import type { FoundImage, ImageSearch } from './find-images.js';
import { settleAll } from './limit.js';
import type { PreparedText } from './text/prepare.js';

/** The steps of ingest, each in a file of its own. */
export interface IngestSteps {
  open(message: InMessage): Promise<Opened>;
  prepareText(listing: Listing): PreparedText;
  findImages(wanted: readonly ImageSearch[]): Promise<ReadonlyMap<Arrival, FoundImage>>;
  conclude(arrival: Arrival, text: PreparedText, image: FoundImage): Promise<Outcome>;
  passDeletion(arrival: Arrival): Outcome;
}

const NO_IMAGE: FoundImage = { ref: { state: 'MISSING' }, candidates: [] };

/** `product.events` → `listings.prepared`: everything about a listing that the encoder should never wait for. */
export function createIngestStage({ open, prepareText, findImages, conclude, passDeletion }: IngestSteps): Stage {
  const process = async (batch: readonly InMessage[]): Promise<readonly Outcome[]> => {
    const opened = await Promise.all(batch.map(open));
    const listings = opened.flatMap((each) => ('arrival' in each && each.arrival.head.op === 'UPSERT' ? each.arrival : []));
    const texts = new Map(listings.map((arrival) => [arrival, prepareText(arrival.head.listing)]));
    const images = await findImages([...texts].map(([arrival, { ref }]) => ({ arrival, hasText: ref.state === 'USED' })));
    return settleAll(
      opened.map(async (each) => {
        if ('outcome' in each) return each.outcome;
        const { arrival } = each;
        const text = texts.get(arrival);
        return text === undefined ? passDeletion(arrival) : conclude(arrival, text, images.get(arrival) ?? NO_IMAGE);
      }),
    );
  };
  return { name: 'ingest', input: 'events', delivery: 'at-least-once', process };
}
