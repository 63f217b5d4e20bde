import { LabelstreamError } from '@labelstream/shared/errors';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { Connection } from '../connect.js';
import { lastLabels } from '../labels/read.js';
import { type FoundListing, findListing } from './find-listing.js';

/** What the topics have of a product. */
export interface FoundProduct {
  readonly labels: ProductLabels;
  /** Null where it is in no topic any more. */
  readonly listing: FoundListing | null;
}

/** The newest labels of a product and its listing, or why there are none, as the end of a sentence. Throws USAGE without a label topic. */
export async function findProduct(
  connection: Pick<Connection, 'broker' | 'topics' | 'codecs'>,
  productId: string,
  signal: AbortSignal,
): Promise<FoundProduct | { readonly missing: string }> {
  const { broker, topics, codecs } = connection;
  const topic = topics.of('labels');
  if ((await broker.describe([topic])).length === 0) {
    throw new LabelstreamError('USAGE', `There is no topic ${topic}; start the services ("labelstream up") or set TOPIC_PREFIX to theirs.`);
  }
  const labels = await lastLabels({ broker, labels: codecs.labels, topic }, productId, signal);
  if (labels === null) return { missing: 'no labels of it were ever published' };
  if ('deleted' in labels) return { missing: 'it was deleted' };
  return { labels, listing: await findListing(connection, productId, signal) };
}
