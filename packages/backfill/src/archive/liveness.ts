import type { ArchiveIndex } from '@labelstream/shared/archive/index-file';
import { type Key, listingRows, refRows, sequenceRows } from '@labelstream/shared/archive/index-rows';
import { createKeyTable, type KeyTable } from './key-table.js';
import { type ArchiveView, indexesOf } from './view.js';

/** One bit for each record of a kind, numbered over all objects of a view. */
export interface Marks {
  has(object: number, record: number): boolean;
  /** Marked records of an object. */
  count(object: number): number;
}

export interface LivenessOptions {
  /** Keys in memory at the same time; where there are more, the indexes are read several times. About 60 bytes each. */
  readonly maxKeys: number;
}

const DEFAULT_OPTIONS: LivenessOptions = { maxKeys: 4_000_000 };

interface Bits extends Marks {
  set(record: number): void;
}

function createBits(counts: readonly number[]): Bits {
  const starts: number[] = [];
  let total = 0;
  for (const count of counts) {
    starts.push(total);
    total += count;
  }
  const bits = new Uint8Array(Math.ceil(total / 8));
  const get = (record: number) => ((bits[record >> 3] ?? 0) & (1 << (record & 7))) !== 0;
  return {
    set: (record) => {
      bits[record >> 3] = (bits[record >> 3] ?? 0) | (1 << (record & 7));
    },
    has: (object, record) => get((starts[object] ?? 0) + record),
    count(object) {
      const from = starts[object] ?? 0;
      let count = 0;
      for (let record = from; record < from + (counts[object] ?? 0); record++) if (get(record)) count += 1;
      return count;
    },
  };
}

type View = Pick<ArchiveView, 'objects' | 'load'>;

/** Divides keys among passes, none of which has more than may be in memory. */
function sharesOf(keys: number, { maxKeys }: LivenessOptions): ((key: Key) => boolean)[] {
  const passes = Math.max(1, Math.ceil(keys / maxKeys));
  return Array.from(
    { length: passes },
    (_, pass) =>
      ([first]: Key) =>
        first % passes === pass,
  );
}

/** Marks the newest listing record of every product: of the highest version and revision, the one archived last. It may be a DELETE. */
export async function newestListings(view: View, options: LivenessOptions = DEFAULT_OPTIONS): Promise<Marks> {
  const bits = createBits(view.objects.map(({ listingCount }) => listingCount));
  const total = view.objects.reduce((sum, { listingCount }) => sum + listingCount, 0);
  for (const isMine of sharesOf(total, options)) for (const record of await newestOf(view, isMine)) bits.set(record);
  return bits;
}

async function newestOf(view: View, isMine: (key: Key) => boolean): Promise<readonly number[]> {
  const products = createKeyTable();
  const rows: { version: number[]; revision: number[]; record: number[] } = { version: [], revision: [], record: [] };
  const isNewer = (at: number, version: number, revision: number) => {
    const before = rows.version[at] ?? -1;
    return version > before || (version === before && revision >= (rows.revision[at] ?? 0));
  };
  await eachRow(
    view,
    ({ listings }) => listingRows(listings),
    ({ key, version, revision }, record) => {
      const at = isMine(key) ? products.add(key) : -1;
      if (at < 0 || !isNewer(at, version, revision)) return;
      rows.version[at] = version;
      rows.revision[at] = revision;
      rows.record[at] = record;
    },
  );
  return rows.record;
}

/** Marks the sequences that listings still need: of those that are there several times, the one archived last. */
export async function neededSequences(view: View, newest: Marks, options: LivenessOptions = DEFAULT_OPTIONS): Promise<Marks> {
  const bits = createBits(view.objects.map(({ sequenceCount }) => sequenceCount));
  const total = view.objects.reduce((sum, { sequenceCount }) => sum + sequenceCount, 0);
  for (const isMine of sharesOf(total, options)) {
    const needed = createKeyTable();
    for await (const [object, index] of indexesOf(view)) {
      const keys = neededBy(index, (record) => newest.has(object, record));
      for (const key of keys) if (isMine(key)) needed.add(key);
    }
    for (const record of await lastOf(view, needed)) if (record !== undefined) bits.set(record);
  }
  return bits;
}

/** The last sequence of every key that is needed; undefined for one that is nowhere. */
async function lastOf(view: View, needed: KeyTable): Promise<readonly (number | undefined)[]> {
  const last: (number | undefined)[] = Array.from({ length: needed.size() });
  await eachRow(
    view,
    ({ sequences }) => sequenceRows(sequences),
    ({ key }, record) => {
      const at = needed.find(key);
      if (at >= 0) last[at] = record;
    },
  );
  return last;
}

/** Visits the rows of all objects in order, numbered. */
async function eachRow<T>(
  view: View,
  rowsOf: (index: ArchiveIndex) => Iterable<T>,
  visit: (row: T, record: number) => void,
): Promise<void> {
  let record = 0;
  for await (const [, index] of indexesOf(view)) for (const row of rowsOf(index)) visit(row, record++);
}

/** Keys of the contents that the chosen listings of an object need. */
export function* neededBy(index: ArchiveIndex, isChosen: (record: number) => boolean): Generator<Key> {
  const refs = refRows(index.refs);
  let record = 0;
  for (const { refCount, deleted } of listingRows(index.listings)) {
    const chosen = !deleted && isChosen(record);
    for (let at = 0; at < refCount; at++) {
      const ref = refs.next();
      if (chosen && ref.done !== true) yield ref.value;
    }
    record += 1;
  }
}
