import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { SourceRow } from './row.js';

/** Which modality is taken away before a listing is sent, to see what the other reaches. */
export type Drop = 'none' | 'image' | 'text';

/** The event of a source row. Columns other than the listing's own never become an input. */
export function eventOf(row: SourceRow, imageUri: string | undefined, drop: Drop, occurredAt: number): ProductEvent {
  const text =
    drop === 'text'
      ? {}
      : {
          ...(row.title === undefined ? {} : { title: row.title }),
          ...(row.description === undefined ? {} : { description: row.description }),
        };
  return {
    productId: row.productId,
    version: row.version,
    op: 'UPSERT',
    attributes: {},
    images: drop === 'image' || imageUri === undefined ? [] : [{ uri: imageUri }],
    occurredAt,
    ...text,
  };
}
