import { LabelstreamError } from '@labelstream/shared/errors';
import type { FileColumns, ListingFile } from './listing-file.js';
import { columnsOf } from './row.js';
import type { ReadListingsSpec } from './spec.js';

type Wanted = Pick<ReadListingsSpec, 'columns' | 'where'>;

/** Refuses a file that lacks a column which was asked for, or any product ids. Throws SOURCE_INVALID naming the columns that there are. */
export function checkColumns({ object }: ListingFile, { names, seenInRows }: FileColumns, { columns = {}, where }: Wanted): void {
  const has = (name: string) => names.includes(name);
  const missing = [...Object.values(columns), ...(where === undefined ? [] : [where.column])].filter(
    (name) => name !== undefined && !has(name),
  );
  const lacksId = columns.productId === undefined && !columnsOf('productId').some(has);
  if (missing.length === 0 && !lacksId) return;
  const what =
    missing.length > 0 ? `no column ${missing.map((name) => `"${name}"`).join(', ')}` : 'no column "id" or "productId" for the product';
  const seen = seenInRows === undefined ? '' : ` in its first ${seenInRows} rows`;
  const there = names.map((name) => `"${name}"`).join(', ');
  throw new LabelstreamError('SOURCE_INVALID', `${object.uri} has ${what}${seen}; its columns are ${there}. Say which column holds what.`);
}
