import { stateKeys } from '@labelstream/shared/events/keys';
import { partitionOfKey } from '@labelstream/shared/events/partition-of-key';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { Broker, InMessage } from '@labelstream/shared/ports/broker';
import type { Codec } from '@labelstream/shared/ports/codec';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeStoredState, encodeStoredState, type PublishedState, publishedTasks, type StoredState } from './published.js';
import { compareRank, evidenceOf, type Rank } from './rank.js';
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
 * Rebuilds the published state of a partition number's products from the compacted label topic. Nobody else's products: what their owner has
 * under way is not in the topic yet, and would be taken for never said (docs/decisions/0021). A state that exists is left alone unless the topic
 * has a newer one: it is of the owner's own last batch, or as old as the store was thrown back to. Holds one state per product in memory while
 * it runs. Returns the number of products.
 */
export async function rebuildPublishedState(deps: RebuildDeps): Promise<number> {
  const { broker, labels, state, labelTopic, prefix, partition, partitions, claim } = deps;
  const last = new Map<string, PublishedState>();
  for await (const message of broker.read({ topic: labelTopic, from: 'earliest' })) {
    const { key } = message;
    if (key !== null && partitionOfKey(key, partitions) === partition) last.set(key, await stateOf(message, labels));
  }
  const entries = [...last].map(([productId, published]) => ({ key: stateKeys.published(prefix, productId), published }));
  for (let at = 0; at < entries.length; at += WRITE_BATCH) {
    const some = entries.slice(at, at + WRITE_BATCH);
    const stored = await state.getMany(some.map(({ key }) => key));
    const missing = some.filter(({ published }, i) => isMissing(published, decodeStoredState(stored[i] ?? null)));
    await state.setMany(
      missing.map(({ key, published }) => ({ key, value: encodeStoredState({ state: published, before: null }) })),
      claim,
    );
  }
  return entries.length;
}

/** Whether the topic knows something newer than the store. */
const isMissing = (published: PublishedState, stored: StoredState | null) =>
  stored === null || compareRank(placeOf(published), placeOf(stored.state)) > 0;

/** A deletion counts from its own version on: whatever else is said of that version is older. */
const placeOf = ({ deleted, rank }: PublishedState): Rank =>
  deleted ? { ...rank, generation: Number.POSITIVE_INFINITY, revision: 0, evidence: 0 } : rank;

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
