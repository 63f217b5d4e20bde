/** A file or an object, as it is now. */
export interface StoredObject {
  /** An absolute path, or `s3://bucket/key`. */
  readonly uri: string;
  readonly sizeBytes: number;
  /** Changes whenever the bytes do: an ETag, or size and time. */
  readonly tag: string;
}

/** Bytes `start` up to, but without, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads files and objects. What is not there, may not be read, or is no longer as `tag` says, is SOURCE_INVALID with what to do; a store that
 * does not answer is OBJECT_STORE_UNAVAILABLE.
 */
export interface ObjectStore {
  /**
   * The object of this name; else all below this folder or prefix, in the order of their names (by their bytes), from after the name `after`
   * on. Throws SOURCE_INVALID when there is neither; an empty folder is there.
   */
  list(uri: string, options?: { readonly after?: string; readonly signal?: AbortSignal }): AsyncIterable<StoredObject>;
  /** The bytes of an object, or a range of them that lies within it; whoever stops reading frees what it holds. */
  read(object: StoredObject, range?: ByteRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  close(): void;
}
