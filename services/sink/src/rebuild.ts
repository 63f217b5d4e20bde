import { stateKeys } from '@labelstream/shared/events/keys';
import { partitionOfKey } from '@labelstream/shared/events/partition-of-key';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { Broker, InMessage } from '@labelstream/shared/ports/broker';
import type { Codec } from '@labelstream/shared/ports/codec';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import { encodeStoredState, type PublishedState, publishedTasks } from './published.js';
import { evidenceOf } from './rank.js';
import { VERSION_HEADER } from './records.js';

export interface RebuildDeps {
  readonly broker: Pick<Broker, 'read'>;
  readonly labels: Codec<ProductLabels>;
  readonly state: KeyValueStore;
  readonly labelTopic: string;
  readonly prefix: string;
  /** Which products: those whose records arrive in this partition number of the input, of as many partitions. */
  readonly partition: number;
  readonly partitions: number;
  /** Whoever rebuilds writes as the owner of its partition number: one that was frozen meanwhile would bring back what it had read before. */
  readonly claim: Claim;
}

const WRITE_BATCH = 1000;

/**
 * Rebuilds the published state of a partition number's products from the compacted label topic, then sets the sentinel that says it is
 * complete. Nobody else's products: what their owner has under way is not in the topic yet, and would be taken for never said
 * (docs/decisions/0021). Keys that exist are left alone, they are of the owner's own last batch. Holds one state per product in memory while it
 * runs. Returns the number of products.
 */
export async function rebuildPublishedState(deps: RebuildDeps): Promise<number> {
  const { broker, labels, state, labelTopic, prefix, partition, partitions, claim } = deps;
  const last = new Map<string, PublishedState>();
  for await (const message of broker.read({ topic: labelTopic, from: 'earliest' })) {
    const { key } = message;
    if (key !== null && partitionOfKey(key, partitions) === partition) last.set(key, await stateOf(message, labels));
  }
  const entries = [...last].map(([productId, published]) => ({
    key: stateKeys.published(prefix, productId),
    value: encodeStoredState({ state: published, before: null }),
    onlyIfAbsent: true,
  }));
  for (let at = 0; at < entries.length; at += WRITE_BATCH) await state.setMany(entries.slice(at, at + WRITE_BATCH), claim);
  const sentinel = { key: stateKeys.publishedComplete(prefix, partition), value: new TextEncoder().encode(String(entries.length)) };
  await state.setMany([sentinel], claim);
  return entries.length;
}

async function stateOf(message: InMessage, codec: Codec<ProductLabels>): Promise<PublishedState> {
  if (message.value === null) {
    const version = Number(message.headers[VERSION_HEADER] ?? 0);
    const rank = { version, generation: 0, revision: 0, evidence: 0 };
    return { rank, deleted: true, image: 'MISSING', text: 'MISSING', tasks: {}, sources: {} };
  }
  const { version, revision, model, image, text, mismatched, suggestedTitle, labels } = await codec.decode(message.value);
  return {
    rank: { version, generation: model.generation, revision, evidence: evidenceOf(image, text) },
    deleted: false,
    image,
    text,
    mismatched,
    suggested: suggestedTitle !== undefined,
    tasks: publishedTasks(labels),
    sources: {},
  };
}
