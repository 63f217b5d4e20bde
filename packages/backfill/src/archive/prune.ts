import { indexKey, objectKey } from '@labelstream/shared/archive/names';
import type { ObjectStore } from '@labelstream/shared/ports/object-store';
import type { ArchiveView } from './view.js';

export interface PruneOptions {
  /** Objects of dates before that of this moment go, epoch milliseconds; absent: none. */
  readonly beforeMs?: number;
  /** What was never finished goes when it is older than so many milliseconds: what is younger may be finished yet. */
  readonly unfinishedAgeMs: number;
  readonly dryRun: boolean;
}

/** What was removed, or would be. */
export interface Pruned {
  readonly encoderId: string;
  readonly objects: number;
  readonly listings: number;
  readonly sequences: number;
  /** Halves of objects that were never finished, and objects whose place others have taken. */
  readonly leftovers: number;
  readonly sizeBytes: number;
}

/** Removes what is older than a date, and what no one can use. Products whose tokens go are encoded anew when they are re-labelled. */
export async function pruneArchive(
  view: ArchiveView,
  { beforeMs, unfinishedAgeMs, dryRun }: PruneOptions,
  { store, now }: { readonly store: Pick<ObjectStore, 'delete'>; readonly now: () => number },
): Promise<Pruned> {
  const firstDate = beforeMs === undefined ? '' : new Date(beforeMs).toISOString().slice(0, 10);
  const objects = view.objects.filter(({ name }) => name.date < firstDate);
  const damaged = view.damaged.filter(({ name }) => name.date < firstDate);
  const leftovers = view.leftovers.filter(({ why, modifiedAtMs }) => why === 'replaced' || modifiedAtMs < now() - unfinishedAgeMs);
  if (!dryRun) {
    // An object without its index does not count, so the index goes first.
    for (const { name } of [...objects, ...damaged]) await store.delete([indexKey(name), objectKey(name)]);
    for (const { keys } of leftovers) await store.delete(keys);
  }
  const total = (of: (object: ArchiveView['objects'][number]) => number) => objects.reduce((sum, object) => sum + of(object), 0);
  return {
    encoderId: view.encoderId,
    objects: objects.length + damaged.length,
    listings: total(({ listingCount }) => listingCount),
    sequences: total(({ sequenceCount }) => sequenceCount),
    leftovers: leftovers.length,
    sizeBytes:
      total(({ index, indexBytes }) => index.sizeBytes + indexBytes) + leftovers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
