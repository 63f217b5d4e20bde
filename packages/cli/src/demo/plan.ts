import type { ProductEvent } from '@labelstream/shared/events/product-event';

/** One message to send, in order. */
export interface PlannedMessage {
  /** Product id; for an event that names none, the key under which its dead letter is found again. */
  readonly key: string;
  readonly version: number;
  /** An event to encode, or bytes to send as they are. */
  readonly payload: { readonly form: 'event'; readonly event: ProductEvent } | { readonly form: 'bytes'; readonly bytes: Uint8Array };
}

/** What a demo sends, and what is known of it. */
export interface DemoPlan {
  /** Listings in all: products, and events that name no product. */
  readonly listings: number;
  readonly messages: readonly PlannedMessage[];
  /** The folder that ingest may read pictures from. */
  readonly imageRoot?: string;
  /** Truth per product and task, for the version that should stand at the end. */
  readonly truth: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Messages a second; absent: as fast as they are taken. */
  readonly messagesPerSecond?: number;
  /** Makes the pictures that arrive late appear; called once all is sent. */
  readonly releaseLateImages?: () => Promise<void>;
}
