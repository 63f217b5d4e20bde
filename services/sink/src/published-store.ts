import { stateKeys } from '@labelstream/shared/events/keys';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { decodeStoredState, encodeStoredState, type StoredState } from './published.js';

/** The published states of a batch of products. */
export interface PublishedStore {
  /** States by product id, those that exist. Rebuilds all of them first when the sentinel is gone. Throws STATE_UNAVAILABLE. */
  load(productIds: readonly string[]): Promise<Map<string, StoredState>>;
  save(states: ReadonlyMap<string, StoredState>): Promise<void>;
}

export interface PublishedStoreDeps {
  readonly state: KeyValueStore;
  readonly prefix: string;
  /** Restores every state and sets the sentinel. */
  readonly rebuild: () => Promise<void>;
}

export function createPublishedStore({ state, prefix, rebuild }: PublishedStoreDeps): PublishedStore {
  const sentinel = stateKeys.publishedComplete(prefix);

  const load = async (productIds: readonly string[]): Promise<Map<string, StoredState>> => {
    const [complete, ...values] = await state.getMany([sentinel, ...productIds.map((id) => stateKeys.published(prefix, id))]);
    if (complete === null) {
      await rebuild();
      return load(productIds);
    }
    const found = new Map<string, StoredState>();
    productIds.forEach((id, i) => {
      const stored = decodeStoredState(values[i] ?? null);
      if (stored !== null) found.set(id, stored);
    });
    return found;
  };

  const save = (states: ReadonlyMap<string, StoredState>) =>
    state.setMany([...states].map(([id, stored]) => ({ key: stateKeys.published(prefix, id), value: encodeStoredState(stored) })));

  return { load, save };
}
