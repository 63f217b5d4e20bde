import { openLocalImages } from '@labelstream/backfill/adapters/source/open-images';
import { readSource } from '@labelstream/backfill/adapters/source/open-listings';
import { eventOf } from '@labelstream/backfill/source/event';
import { uriWithoutFolder } from '@labelstream/backfill/source/images';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { DropPlan } from '../source/drop.js';
import type { DemoPlan, PlannedMessage } from './plan.js';

export interface SourceOptions {
  readonly source: string;
  /** Folder or tar of pictures. */
  readonly images?: string;
  readonly limit?: number;
  readonly drop: DropPlan;
  /** Where a tar of pictures is unpacked. */
  readonly cacheDirectory: string;
  /** Keeps rows whose column has this value, for example `split=val`. */
  readonly where?: { readonly column: string; readonly value: string };
}

/** A plan of the user's own listings, in the order of the file. Throws SOURCE_INVALID before anything is sent. */
export async function sourcePlan({
  source,
  images,
  limit = Number.POSITIVE_INFINITY,
  drop,
  cacheDirectory,
  where,
}: SourceOptions): Promise<DemoPlan> {
  const folder = images === undefined ? undefined : await openLocalImages(images, cacheDirectory);
  const messages: PlannedMessage[] = [];
  const truth = new Map<string, Readonly<Record<string, string>>>();
  const now = Date.now();
  for await (const row of readSource(source, now)) {
    if (messages.length >= limit) break;
    if (where !== undefined && row.columns[where.column] !== where.value) continue;
    const uri = folder === undefined ? uriWithoutFolder(row) : folder.uriOf(row);
    const event = eventOf(row, uri, drop(row.productId), now);
    messages.push({ key: row.productId, version: row.version, payload: { form: 'event', event } });
    truth.set(row.productId, row.columns);
  }
  if (messages.length === 0)
    throw new LabelstreamError('SOURCE_INVALID', `${source}: no listing is left to send; check the file and the filters.`);
  return { listings: truth.size, messages, truth, ...(folder?.root === undefined ? {} : { imageRoot: folder.root }) };
}
