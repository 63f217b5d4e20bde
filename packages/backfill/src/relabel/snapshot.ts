import type { ArchiveIndex } from '@labelstream/shared/archive/index-file';
import { contentKey, keyOf, sequenceRows } from '@labelstream/shared/archive/index-rows';
import type { ContentRef } from '@labelstream/shared/archive/records';
import { createKeyTable, type KeyTable } from '../archive/key-table.js';
import { type Marks, neededBy, newestListings } from '../archive/liveness.js';
import { type ArchiveDeps, type ArchiveView, indexesOf, viewArchive } from '../archive/view.js';

/** Where a token sequence lies. */
export interface Place {
  /** Position of the object in the view. */
  readonly object: number;
  /** Position of the block in the object. */
  readonly block: number;
}

/** What a re-label knows of the archive before it reads any object: a few bytes for each listing, from the indexes alone. */
export interface Snapshot {
  readonly view: ArchiveView;
  /** The newest record of every product. */
  readonly newest: Marks;
  /** Where a sequence lies that a listing needs and its own object does not have. */
  placeOf(content: ContentRef): Place | undefined;
}

/** Looks at what was archived until `untilMs`, epoch milliseconds. */
export async function takeSnapshot(encoderId: string, untilMs: number, deps: ArchiveDeps): Promise<Snapshot> {
  const whole = await viewArchive(encoderId, deps);
  const view = { ...whole, objects: whole.objects.filter(({ index }) => index.firstAtMs <= untilMs) };
  const newest = await newestListings(view);
  return { view, newest, placeOf: await locateElsewhere(view, newest) };
}

async function locateElsewhere(view: ArchiveView, newest: Marks): Promise<Snapshot['placeOf']> {
  const wanted = createKeyTable();
  for await (const [object, index] of indexesOf(view)) {
    addMissing(index, (record) => newest.has(object, record), wanted);
  }
  const places: Place[] = [];
  if (wanted.size() > 0) {
    for await (const [object, index] of indexesOf(view)) addPlaces(index, object, wanted, places);
  }
  return (content) => places[wanted.find(keyOf(contentKey(content)))];
}

function addPlaces(index: ArchiveIndex, object: number, wanted: KeyTable, places: Place[]): void {
  for (const { key, block } of sequenceRows(index.sequences)) {
    const at = wanted.find(key);
    if (at >= 0) places[at] = { object, block };
  }
}

/** Adds what the chosen listings of an object need and it does not have. */
function addMissing(index: ArchiveIndex, isChosen: (record: number) => boolean, wanted: KeyTable): void {
  const own = createKeyTable();
  for (const { key } of sequenceRows(index.sequences)) own.add(key);
  for (const key of neededBy(index, isChosen)) if (own.find(key) < 0) wanted.add(key);
}
