import { LANES } from '@labelstream/shared/events/lane';
import type { Listing } from '@labelstream/shared/events/product-event';
import type { LanedTopic } from '@labelstream/shared/events/topics';
import type { Connection } from '../connect.js';
import { lastMessage } from '../labels/read.js';

/** A product's listing, as the topics still have it. */
export interface FoundListing {
  readonly version: number;
  readonly listing: Listing;
  /** SHA-256 of the content that was labelled, by which the cache knows it; absent when only the event is left. */
  readonly imageSha256?: string;
  readonly textSha256?: string;
}

/** The newest listing of a product: with its labels' record, or once that is gone (a day), from its event (a week). Null when both are. */
export async function findListing(
  { broker, topics, codecs }: Pick<Connection, 'broker' | 'topics' | 'codecs'>,
  productId: string,
  signal: AbortSignal,
): Promise<FoundListing | null> {
  const newest = async (topic: LanedTopic, read: (value: Uint8Array) => Promise<FoundListing>): Promise<FoundListing | null> => {
    const found: FoundListing[] = [];
    for (const lane of LANES) {
      const message = await lastMessage({ broker, topic: topics.of(topic, lane) }, productId, signal);
      if (message?.value) found.push(await read(message.value));
    }
    return found.sort((a, b) => b.version - a.version)[0] ?? null;
  };
  const predicted = await newest('predicted', async (value) => {
    const { version, listing, image, text } = await codecs.predicted.decode(value);
    return {
      version,
      listing,
      ...(image.sha256 === undefined ? {} : { imageSha256: image.sha256 }),
      ...(text.sha256 === undefined ? {} : { textSha256: text.sha256 }),
    };
  });
  if (predicted !== null) return predicted;
  return newest('events', async (value) => {
    const event = await codecs.productEvent.decode(value);
    return { version: event.version, listing: event };
  });
}
