import type { ArchiveIndex } from '@labelstream/shared/archive/index-file';
import { contentKey, keyOf, listingRows, productKey, type SequenceRow, sequenceRows } from '@labelstream/shared/archive/index-rows';
import { objectKey } from '@labelstream/shared/archive/names';
import { readObject } from '@labelstream/shared/archive/object-reader';
import type { ArchiveRecord } from '@labelstream/shared/archive/records';
import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { RewriteDeps } from './rewrite.js';
import type { ArchiveView, ViewedObject } from './view.js';

/** What is wrong with an object. */
export interface Problem {
  readonly key: string;
  readonly problem: string;
}

/** Reads every object of a view whole and compares it with its index, record by record. */
export async function* verifyArchive(
  view: ArchiveView,
  deps: RewriteDeps,
): AsyncGenerator<{ readonly key: string; readonly problem?: string }> {
  for (const { name, why } of view.damaged) yield { key: objectKey(name), problem: why };
  for (const object of view.objects) {
    const problem = await problemOf(view, object, deps);
    yield { key: object.key, ...(problem === undefined ? {} : { problem }) };
  }
}

async function problemOf(view: ArchiveView, object: ViewedObject, deps: RewriteDeps): Promise<string | undefined> {
  try {
    const file = (await deps.store.get(object.key)) ?? new Uint8Array();
    await compare(file, await view.load(object), deps);
    return undefined;
  } catch (error) {
    if (isLabelstreamError(error) && !error.retriable) return describeError(error);
    throw error;
  }
}

/** Throws ARCHIVE_DAMAGED, or what a listing cannot be decoded for. */
async function compare(file: Uint8Array, index: ArchiveIndex, deps: RewriteDeps): Promise<void> {
  const rows = { sequence: sequenceRows(index.sequences), listing: listingRows(index.listings) };
  let block = 0;
  for (const records of readObject(file, index, deps.codec)) {
    for (const record of records) {
      if (!isRowOf(rows[record.kind].next(), record, block)) throw differs('other');
      if (record.kind === 'listing') await deps.listingCodec.decode(record.value);
    }
    block += 1;
  }
  if (rows.sequence.next().done !== true || rows.listing.next().done !== true) throw differs('more');
}

const differs = (how: string) => new LabelstreamError('ARCHIVE_DAMAGED', `the index names ${how} records than the object has`);

function isRowOf(row: IteratorResult<SequenceRow>, record: ArchiveRecord, block: number): boolean {
  const key = record.kind === 'sequence' ? contentKey(record) : productKey(record.productId);
  return row.done !== true && row.value.block === block && String(row.value.key) === String(keyOf(key));
}
