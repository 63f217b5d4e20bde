/** What happens to a listing. */
export type ProductOp = 'UPSERT' | 'DELETE';

/** One image of a listing, among others in order of preference. */
export interface ImageRef {
  /** `https:`, `http:`, `s3://bucket/key`, `file:` (under an allowed root) or `data:`. */
  readonly uri: string;
  /** Hex SHA-256 of the image's bytes, when the owner knows it: saves the fetch where the pixels are cached. */
  readonly sha256?: string;
}

/** The text and images of a listing, carried by every record on the way so that any stage can send it back to be prepared again. */
export interface Listing {
  readonly title?: string;
  readonly description?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly images: readonly ImageRef[];
  /** BCP 47. */
  readonly locale?: string;
}

/** An event of `product.events` (Avro or JSON of the same shape). */
export interface ProductEvent extends Listing {
  readonly productId: string;
  /** Grows per product; an event with a lower version than what is published is stale. */
  readonly version: number;
  readonly op: ProductOp;
  /** Epoch milliseconds; 0 when the producer did not say. */
  readonly occurredAt: number;
}
