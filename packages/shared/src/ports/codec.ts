import type { ProductEvent } from '../events/product-event.js';
import type { EncodedListing, PredictedListing, PreparedListing, ProductEmbedding, ProductLabels, TaskLabel } from '../events/records.js';

/**
 * Bytes of one record type. Avro single-object encoding (`C3 01` + CRC-64-AVRO fingerprint) without a schema registry, Confluent wire format
 * (`00` + schema id) with one; `decode` takes either. Schemas are registered when the codecs are created, so `encode` never waits.
 */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** Throws EVENT_NOT_DECODABLE, EVENT_INVALID, or SCHEMA_REGISTRY_UNAVAILABLE (retriable). */
  decode(bytes: Uint8Array): Promise<T>;
}

/** One codec per record type of the topics. */
export interface Codecs {
  /** `decode` also takes JSON of the same shape; also throws EVENT_NO_PRODUCT_ID and EVENT_UNKNOWN_OP. */
  readonly productEvent: Codec<ProductEvent>;
  readonly prepared: Codec<PreparedListing>;
  readonly encoded: Codec<EncodedListing>;
  readonly predicted: Codec<PredictedListing>;
  /** Written as JSON where `LABELS_FORMAT=json`; `decode` takes either. */
  readonly labels: Codec<ProductLabels>;
  /** As `labels`. */
  readonly taskLabel: Codec<TaskLabel>;
  readonly embedding: Codec<ProductEmbedding>;
}
