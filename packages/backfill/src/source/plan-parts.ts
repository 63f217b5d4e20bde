import { LabelstreamError } from '@labelstream/shared/errors';
import { checkColumns } from './check-columns.js';
import type { RowDecision } from './decide-row.js';
import type { FoundSources } from './find-sources.js';
import type { Entry, FormatReader } from './listing-file.js';
import type { SourcePart } from './listings-range.js';
import type { PictureReader } from './pictures.js';
import type { ListingFormat, ReadListingsSpec } from './spec.js';

/** What can be read of an opened source. */
export interface SourceReaders {
  readonly readers: Readonly<Record<ListingFormat, FormatReader>>;
  readonly pictures: PictureReader;
}

export interface PlanDeps extends SourceReaders {
  readonly found: Exclude<FoundSources, { type: 'tar' }>;
  readonly spec: ReadListingsSpec;
  /** Rows of a part, as far as they are wanted. */
  readonly entriesOf: (part: SourcePart, signal: AbortSignal) => AsyncIterable<Entry[]>;
  readonly decide: (entry: Entry) => RowDecision;
}

/**
 * The parts of a source, in order, cut after the last row that a limit allows.
 *
 * @throws SOURCE_INVALID before the first part when a file lacks a column, or there is no row
 */
export async function* planParts(deps: PlanDeps, signal: AbortSignal): AsyncGenerator<SourcePart> {
  const { spec } = deps;
  await checkAllColumns(deps, signal);
  let isEmpty = true;
  for await (const part of spec.limit === undefined ? allParts(deps, signal) : firstParts(deps, spec.limit, signal)) {
    isEmpty = false;
    yield part;
  }
  if (isEmpty) {
    const sources = spec.sources.join(', ');
    throw new LabelstreamError('SOURCE_INVALID', `${sources}: no listing is left to send; check the files and the filters.`);
  }
}

async function checkAllColumns({ found, readers, spec }: PlanDeps, signal: AbortSignal): Promise<void> {
  if (found.type === 'pictures') return;
  for (const file of found.files) checkColumns(file, await readers[file.format].columns(file, signal), spec);
}

/** The parts with the first `limit` rows that are wanted. */
async function* firstParts(deps: PlanDeps, limit: number, signal: AbortSignal): AsyncGenerator<SourcePart> {
  const { spec } = deps;
  let left = limit;
  for await (const part of allParts(deps, signal)) {
    const take = await countWanted(deps, part, left, signal);
    left -= take;
    // Where rows are chosen by a value, others are read and passed over on the way to them.
    if (take > 0) yield { ...part, take, part: spec.where === undefined ? { ...part.part, rows: take } : part.part };
    if (left === 0) return;
  }
}

async function* allParts({ found, readers, pictures }: PlanDeps, signal: AbortSignal): AsyncGenerator<SourcePart> {
  if (found.type === 'pictures') {
    for (const folder of found.folders) for await (const part of pictures.plan(folder, signal)) yield { origin: folder, part };
    return;
  }
  for (const file of found.files) {
    for await (const part of readers[file.format].plan(file, signal)) yield { file, origin: file.object.uri, part };
  }
}

/** Rows of a part that are to be sent, at most `most`: read, unless every row is and their count is known. */
export async function countWanted(
  { entriesOf, decide, spec }: Pick<PlanDeps, 'entriesOf' | 'decide' | 'spec'>,
  part: SourcePart,
  most: number,
  signal: AbortSignal,
): Promise<number> {
  if (part.take !== undefined) return part.take;
  if (spec.where === undefined && part.part.rows !== undefined) return Math.min(most, part.part.rows);
  let count = 0;
  for await (const entries of entriesOf(part, signal)) {
    count += entries.filter((entry) => decide(entry) !== undefined).length;
    if (count >= most) return most;
  }
  return count;
}
