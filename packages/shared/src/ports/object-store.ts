/** What a store says of an object without handing it out. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** Epoch milliseconds. */
  readonly modifiedAtMs: number;
}

/** A part of an object. */
export interface ObjectRange {
  readonly offset: number;
  /** At least 1. */
  readonly sizeBytes: number;
}

/**
 * Objects by key, in a bucket or a folder. Keys are relative to where the store was opened and have `/` between their parts. Every method
 * throws OBJECT_STORE_UNAVAILABLE (retriable) when the store does not answer, and CONFIG_INVALID when it refuses: no such bucket, no
 * permission, a key that cannot be one.
 */
export interface ObjectStore {
  /** Stores an object whole: whoever reads it meanwhile sees what was there before. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** An object's bytes, or those of a part of it, which may end before the part does; undefined where there is no such object. */
  get(key: string, range?: ObjectRange): Promise<Uint8Array | undefined>;
  /** The objects whose keys begin with `prefix`, in the order of their keys' UTF-8 bytes. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  /** Deletes objects one after the other, in this order; one that is not there is no error. */
  delete(keys: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
