/** Compression of whole blocks. */
export interface BlockCodec {
  /** Its name in the Avro specification, `avro.codec`. */
  readonly name: string;
  compress(bytes: Uint8Array): Uint8Array;
  /** Throws any error for bytes that it did not make, or that would have more than `maxBytes`. */
  decompress(bytes: Uint8Array, maxBytes: number): Uint8Array;
}
