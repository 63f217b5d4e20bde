import { indexKey, objectKey } from '@labelstream/shared/archive/names';
import { isLabelstreamError } from '@labelstream/shared/errors';
import { neededSequences, newestListings } from './liveness.js';
import { type Kept, type RewriteDeps, rewrite } from './rewrite.js';
import { type ArchiveView, type ViewedObject, viewArchive } from './view.js';

export interface CompactOptions {
  /** Objects are put together as long as they have no more. */
  readonly targetBytes: number;
  /** Objects that were begun later than so many milliseconds ago are left alone: what refers to them may still wait in an encoder. */
  readonly minAgeMs: number;
  /** Only says what would be done. */
  readonly dryRun: boolean;
}

/** What a compaction did, or would do. */
export interface Compacted {
  readonly encoderId: string;
  readonly objectsBefore: number;
  readonly objectsAfter: number;
  /** Of the objects that were put together. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly listingsDropped: number;
  readonly sequencesDropped: number;
  /** Indexes that cannot be read, and groups of objects of which one cannot; they were left alone. */
  readonly damaged: number;
}

export interface CompactDeps extends RewriteDeps {
  readonly now: () => number;
  /** Called after each new object. */
  onStep?(done: number, total: number): void;
}

/** Objects smaller than this share of the target are put together. */
const SMALL_SHARE = 0.5;

/**
 * Puts small objects together, and leaves out what no one needs: listings that were archived again or deleted since, sequences that no listing
 * needs, and those that are there twice. A new object is stored before its index, and counts, in place of the old ones, from the moment at which
 * its index is there; only then are the old ones removed. Whatever ends it in between, the archive is whole, and the next run cleans up.
 */
export async function compactArchive(encoderId: string, options: CompactOptions, deps: CompactDeps): Promise<Compacted> {
  const view = await viewArchive(encoderId, deps);
  const listings = await newestListings(view);
  const kept: Kept = { listings, sequences: await neededSequences(view, listings) };
  const groups = groupsOf(view, kept, { ...options, beforeMs: deps.now() - options.minAgeMs });
  const total = { objectsAfter: view.objects.length, bytesBefore: 0, bytesAfter: 0, listingsDropped: 0, sequencesDropped: 0 };
  let damaged = view.damaged.length;
  for (const [at, group] of groups.entries()) {
    const dropped = droppedFrom(view, group, kept);
    const bytesAfter = options.dryRun ? 0 : await compactGroup(view, group, { kept, isAll: dropped.isAll, deps });
    if (bytesAfter === undefined) {
      damaged += 1;
      continue;
    }
    total.objectsAfter -= group.length - (dropped.isAll ? 0 : 1);
    total.listingsDropped += dropped.listings;
    total.sequencesDropped += dropped.sequences;
    total.bytesBefore += sizeOf(view, group);
    total.bytesAfter += bytesAfter;
    deps.onStep?.(at + 1, groups.length);
  }
  if (!options.dryRun) for (const { keys, why } of view.leftovers) if (why === 'replaced') await deps.store.delete(keys);
  return { encoderId, objectsBefore: view.objects.length, damaged, ...total };
}

interface GroupDeps {
  readonly kept: Kept;
  /** Whether nothing of it is kept. */
  readonly isAll: boolean;
  readonly deps: CompactDeps;
}

/** Bytes of what takes the place of the group; undefined where an object is damaged, and nothing was changed. */
async function compactGroup(view: ArchiveView, group: readonly number[], { kept, isAll, deps }: GroupDeps): Promise<number | undefined> {
  if (isAll) return removeAll(view, group, deps);
  try {
    return await replace(view, group, { kept, deps });
  } catch (error) {
    if (isLabelstreamError(error, 'ARCHIVE_DAMAGED')) return undefined;
    throw error;
  }
}

async function replace(view: ArchiveView, group: readonly number[], { kept, deps }: { kept: Kept; deps: CompactDeps }): Promise<number> {
  const { object, index } = await rewrite(view, group, kept, deps);
  await deps.store.put(object.key, object.body);
  await deps.store.put(index.key, index.body);
  await removeAll(view, group, deps);
  return object.body.length + index.body.length;
}

/** An object without its index does not count, so the index goes first. */
async function removeAll(view: ArchiveView, group: readonly number[], { store }: Pick<CompactDeps, 'store'>): Promise<0> {
  await store.delete(group.flatMap((at) => keysOf(view.objects[at])));
  return 0;
}

const keysOf = (object: ViewedObject | undefined) => (object === undefined ? [] : [indexKey(object.name), objectKey(object.name)]);

const sizeOf = (view: ArchiveView, group: readonly number[]) =>
  group.reduce((bytes, at) => bytes + (view.objects[at]?.index.sizeBytes ?? 0) + (view.objects[at]?.indexBytes ?? 0), 0);

function droppedFrom({ objects }: ArchiveView, group: readonly number[], kept: Kept) {
  const of = (kind: 'listings' | 'sequences', count: (object: ViewedObject) => number) =>
    group.reduce((sum, at) => sum + count(objects[at] as ViewedObject) - kept[kind].count(at), 0);
  const listings = of('listings', ({ listingCount }) => listingCount);
  const sequences = of('sequences', ({ sequenceCount }) => sequenceCount);
  const isAll = group.every((at) => kept.listings.count(at) + kept.sequences.count(at) === 0);
  return { listings, sequences, isAll };
}

interface GroupOptions extends Pick<CompactOptions, 'targetBytes'> {
  readonly beforeMs: number;
}

/** Objects of one date, one after the other, that become one: small ones, and those that have something to be left out. */
function groupsOf({ objects }: ArchiveView, kept: Kept, { targetBytes, beforeMs }: GroupOptions): number[][] {
  const groups: number[][] = [];
  let open: { date: string; bytes: number; group: number[] } | undefined;
  const hasWaste = (object: ViewedObject, at: number) =>
    kept.listings.count(at) < object.listingCount || kept.sequences.count(at) < object.sequenceCount;
  for (const [at, object] of objects.entries()) {
    const { sizeBytes, firstAtMs } = object.index;
    if (firstAtMs > beforeMs || !(sizeBytes < targetBytes * SMALL_SHARE || hasWaste(object, at))) continue;
    if (open?.date !== object.name.date || open.bytes + sizeBytes > targetBytes) {
      open = { date: object.name.date, bytes: 0, group: [] };
      groups.push(open.group);
    }
    open.group.push(at);
    open.bytes += sizeBytes;
  }
  // One small object alone, with nothing to leave out, would become itself.
  return groups.filter((group) => group.length > 1 || group.some((at) => hasWaste(objects[at] as ViewedObject, at)));
}
