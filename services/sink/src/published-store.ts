import { stateKeys } from '@labelstream/shared/events/keys';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeStoredState, encodeSaved, encodeStoredState, isComplete, type Offsets, type StoredState } from './published.js';

/** Who reads and writes: the owner of a partition number of the input. */
export interface Owner {
  readonly partition: number;
  /** Larger than that of every earlier owner. */
  readonly epoch: number;
  /** Where the consumer group stands. */
  readonly committed: Offsets;
}

/** The published states of a batch of products. All methods throw STATE_UNAVAILABLE, and STATE_FENCED once there is a newer owner. */
export interface PublishedStore {
  /**
   * States by product id, those that exist. From now on, no earlier owner can save. Rebuilds the states of the owner's products first when
   * their sentinel is gone, or says that fewer messages were taken in than the group has committed: the store has lost its last writes.
   */
  load(productIds: readonly string[], owner: Owner): Promise<Map<string, StoredState>>;
  /**
   * Saves all or nothing, and that messages up to these offsets are taken in. STATE_UNAVAILABLE also when the store has lost its data since
   * `load`, so that the batch begins anew.
   */
  save(states: ReadonlyMap<string, StoredState>, owner: Owner, upTo: Offsets): Promise<void>;
}

export interface PublishedStoreDeps {
  readonly state: KeyValueStore;
  readonly prefix: string;
  /** Restores the states of a partition number's products, under this claim. */
  readonly rebuild: (partition: number, claim: Claim) => Promise<void>;
}

export function createPublishedStore({ state, prefix, rebuild }: PublishedStoreDeps): PublishedStore {
  const sentinelOf = ({ partition }: Owner) => stateKeys.publishedComplete(prefix, partition);
  const claimOf = ({ partition, epoch }: Owner): Claim => ({ key: stateKeys.publishedOwner(prefix, partition), epoch });

  const load = async (productIds: readonly string[], owner: Owner): Promise<Map<string, StoredState>> => {
    const keys = [sentinelOf(owner), ...productIds.map((id) => stateKeys.published(prefix, id))];
    // One round trip for both. The claim comes first, so that what is read is what earlier owners have left for good.
    const [, [sentinel, ...values]] = await Promise.all([state.claim(claimOf(owner)), state.getMany(keys)]);
    if (!isComplete(sentinel ?? null, owner.committed)) {
      await rebuild(owner.partition, claimOf(owner));
      await state.setMany([{ key: sentinelOf(owner), value: encodeSaved(owner.committed) }], claimOf(owner));
      return load(productIds, owner);
    }
    const found = new Map<string, StoredState>();
    productIds.forEach((id, i) => {
      const stored = decodeStoredState(values[i] ?? null);
      if (stored !== null) found.set(id, stored);
    });
    return found;
  };

  const save = (states: ReadonlyMap<string, StoredState>, owner: Owner, upTo: Offsets) => {
    const entries = [...states].map(([id, stored]) => ({ key: stateKeys.published(prefix, id), value: encodeStoredState(stored) }));
    return state.setMany([...entries, { key: sentinelOf(owner), value: encodeSaved(upTo) }], claimOf(owner));
  };

  return { load, save };
}
