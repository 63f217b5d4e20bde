import { isLabelstreamError } from '@labelstream/shared/errors';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import { validateProductEvent } from '@labelstream/shared/events/validate';
import { eventOf } from './event.js';
import type { ImageOf } from './images.js';
import type { Entry } from './listing-file.js';
import { type RawRecord, textOf, toRow } from './row.js';
import type { ReadListingsSpec } from './spec.js';

/** What becomes of an entry: the event of its listing, or why there is none; undefined where `where` leaves it out. */
export type RowDecision = { readonly event: ProductEvent } | { readonly code: string; readonly message: string } | undefined;

export interface DecideRowDeps {
  readonly spec: Pick<ReadListingsSpec, 'columns' | 'where' | 'fallbackVersion' | 'occurredAt'>;
  readonly imageOf: ImageOf;
}

/** Makes the events of rows; the same row always gives the same. */
export function createDecideRow({ spec, imageOf }: DecideRowDeps): (entry: Entry) => RowDecision {
  const { columns, where, fallbackVersion, occurredAt } = spec;
  const isWanted = (record: RawRecord) => where === undefined || textOf(record[where.column]) === where.value;
  return (entry) => {
    if ('problem' in entry) return { code: 'SOURCE_INVALID', message: entry.problem };
    if (!isWanted(entry.record)) return undefined;
    try {
      const row = toRow(entry.record, fallbackVersion, columns);
      return { event: validateProductEvent(eventOf(row, imageOf(row), 'none', occurredAt)) };
    } catch (error) {
      if (isLabelstreamError(error)) return { code: error.code, message: error.message };
      throw error;
    }
  };
}
