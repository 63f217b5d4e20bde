/** One entry to store. */
export interface KeyValueEntry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Time to live; absent: for ever. */
  readonly ttlMs?: number;
}

/** The right of the newest owner of something to write what belongs to it: a fencing token, which grows with every owner. */
export interface Claim {
  /** Where the newest owner's epoch stands. */
  readonly key: string;
  /** Whole and positive. */
  readonly epoch: number;
}

/** How full a store is. */
export interface StoreMemory {
  /** Used of what it may use; may be a little above 1. */
  readonly usedShare: number;
  /** Whether it makes room by forgetting what was not asked for lately; otherwise it refuses writes when it is full. */
  readonly evicts: boolean;
  readonly keys: number;
}

/**
 * Bytes by key, in bulk. Two roles: the *cache* (claim checks; may lose entries) and the *state* (last published).
 * Every method throws the role's CACHE_UNAVAILABLE or STATE_UNAVAILABLE when the store does not answer.
 */
export interface KeyValueStore {
  /** Values in the order of `keys`; null where there is none. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | null)[]>;
  /**
   * With a `claim`, all of it is written in one step while the claim stands, and nothing otherwise: throws STATE_FENCED when a newer owner has
   * claimed, and the role's code when the claim is gone (the store has lost its data), so that the caller claims and reads again.
   */
  setMany(entries: readonly KeyValueEntry[], claim?: Claim): Promise<void>;
  /** Takes the place of older owners; done again by the same one, it changes nothing. Throws STATE_FENCED when a newer owner has claimed. */
  claim(claim: Claim): Promise<void>;
  deleteMany(keys: readonly string[]): Promise<void>;
  /** Which keys exist, in the order of `keys`; refreshes nothing. */
  existMany(keys: readonly string[]): Promise<boolean[]>;
  /** null where there is no limit. */
  memory(): Promise<StoreMemory | null>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
