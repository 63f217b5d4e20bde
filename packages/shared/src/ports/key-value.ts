/** One entry to store. */
export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Time to live; absent: for ever. */
  readonly ttlMs?: number;
  /** Leaves an existing value as it is (Redis `SET NX`). */
  readonly onlyIfAbsent?: boolean;
}

/**
 * Bytes by key, in bulk. Two roles: the *cache* (claim checks; may lose entries) and the *state* (last published).
 * Every method throws the role's CACHE_UNAVAILABLE or STATE_UNAVAILABLE when the store does not answer.
 */
export interface KeyValueStore {
  /** Values in the order of `keys`; null where there is none. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]>;
  setMany(entries: readonly KeyValueEntry[]): Promise<void>;
  deleteMany(keys: readonly string[]): Promise<void>;
  /** Which keys exist, in the order of `keys`; refreshes nothing. */
  existMany(keys: readonly string[]): Promise<boolean[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
