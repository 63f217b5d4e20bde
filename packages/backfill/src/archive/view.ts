import { type ArchiveIndex, decodeIndex } from '@labelstream/shared/archive/index-file';
import { LISTING_ROW_BYTES, SEQUENCE_ROW_BYTES } from '@labelstream/shared/archive/index-rows';
import { indexKey, type ObjectName, objectKey, partitionPrefix, readKey } from '@labelstream/shared/archive/names';
import { describeError, isLabelstreamError } from '@labelstream/shared/errors';
import type { BlockCodec } from '@labelstream/shared/ports/block-codec';
import type { ObjectStore } from '@labelstream/shared/ports/object-store';

export interface ArchiveDeps {
  readonly store: ObjectStore;
  readonly codec: BlockCodec;
}

/** What of an index stays in memory. */
type IndexHead = Omit<ArchiveIndex, 'sequences' | 'listings' | 'refs'>;

/** An object that counts: it has an index, and no other object has taken its place. */
export interface ViewedObject {
  readonly name: ObjectName;
  readonly key: string;
  readonly index: IndexHead;
  readonly indexBytes: number;
  readonly sequenceCount: number;
  readonly listingCount: number;
}

/** Something that is of no use: half of an object that was never finished, or whose place another one has taken. */
export interface Leftover {
  readonly keys: readonly string[];
  readonly why: 'unfinished' | 'replaced';
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

/** An index that cannot be read, so that its object cannot either. */
export interface Damaged {
  readonly name: ObjectName;
  readonly why: string;
}

/** What the archive has of one encoder at one moment. */
export interface ArchiveView {
  readonly encoderId: string;
  /** In the order in which they were begun. */
  readonly objects: readonly ViewedObject[];
  readonly leftovers: readonly Leftover[];
  readonly damaged: readonly Damaged[];
  /** The object that an id belongs to, or the one that has taken its place since. */
  find(date: string, id: string): ViewedObject | undefined;
  /** The whole index of an object; throws ARCHIVE_DAMAGED when it is gone or damaged by now. */
  load(object: ViewedObject): Promise<ArchiveIndex>;
}

const READ_AT_ONCE = 16;

/** The encoders of which the archive has objects. */
export async function encodersIn(store: Pick<ObjectStore, 'list'>): Promise<string[]> {
  const encoders = new Set<string>();
  for await (const { key } of store.list('')) {
    const name = readKey(key);
    if (name !== undefined) encoders.add(name.encoderId);
  }
  return [...encoders];
}

interface Parts {
  readonly name: ObjectName;
  objectBytes?: number;
  indexBytes?: number;
  modifiedAtMs: number;
}

async function partsOf(store: Pick<ObjectStore, 'list'>, encoderId: string): Promise<Parts[]> {
  const parts = new Map<string, Parts>();
  for await (const { key, sizeBytes, modifiedAtMs } of store.list(partitionPrefix(encoderId))) {
    const found = readKey(key);
    if (found === undefined) continue;
    const { kind, ...name } = found;
    const part = parts.get(objectKey(name)) ?? { name, modifiedAtMs };
    part.modifiedAtMs = Math.max(part.modifiedAtMs, modifiedAtMs);
    if (kind === 'object') part.objectBytes = sizeBytes;
    else part.indexBytes = sizeBytes;
    parts.set(objectKey(name), part);
  }
  return [...parts.values()].sort((a, b) => (objectKey(a.name) < objectKey(b.name) ? -1 : 1));
}

type Read = { readonly object: ViewedObject; readonly parts: Parts } | { readonly damaged: Damaged } | undefined;

async function readPart(parts: Parts, { store, codec }: ArchiveDeps): Promise<Read> {
  const { name, indexBytes, objectBytes } = parts;
  if (indexBytes === undefined || objectBytes === undefined) return undefined;
  const file = await store.get(indexKey(name));
  // Removed since it was listed.
  if (file === undefined) return undefined;
  try {
    const { sequences, listings, refs: _, ...index } = decodeIndex(file, codec);
    const counts = { sequenceCount: sequences.length / SEQUENCE_ROW_BYTES, listingCount: listings.length / LISTING_ROW_BYTES };
    return { object: { name, key: objectKey(name), index, indexBytes, ...counts }, parts };
  } catch (error) {
    if (!isLabelstreamError(error, 'ARCHIVE_DAMAGED')) throw error;
    return { damaged: { name, why: describeError(error) } };
  }
}

/** Looks at what the archive has of an encoder: lists it and reads every index once, in bounded memory. */
export async function viewArchive(encoderId: string, deps: ArchiveDeps): Promise<ArchiveView> {
  const parts = await partsOf(deps.store, encoderId);
  const reads: Read[] = [];
  for (let at = 0; at < parts.length; at += READ_AT_ONCE) {
    reads.push(...(await Promise.all(parts.slice(at, at + READ_AT_ONCE).map((part) => readPart(part, deps)))));
  }
  const read = reads.flatMap((each) => (each !== undefined && 'object' in each ? [each] : []));
  const placeOf = (date: string, id: string) => `${date}/${id}`;
  const successors = new Map(
    read.flatMap(({ object }) => object.index.replaces.map((id): [string, ViewedObject] => [placeOf(object.name.date, id), object])),
  );
  const own = new Map(read.map(({ object }) => [placeOf(object.name.date, object.name.id), object]));

  function find(date: string, id: string): ViewedObject | undefined {
    const successor = successors.get(placeOf(date, id));
    return successor === undefined ? own.get(placeOf(date, id)) : find(date, successor.name.id);
  }

  const isReplaced = ({ name }: ViewedObject) => successors.has(placeOf(name.date, name.id));
  return {
    encoderId,
    objects: read.filter(({ object }) => !isReplaced(object)).map(({ object }) => object),
    leftovers: [
      ...parts.filter(({ objectBytes, indexBytes }) => objectBytes === undefined || indexBytes === undefined).map(unfinished),
      ...read.filter(({ object }) => isReplaced(object)).map(({ parts: each }) => leftover(each, 'replaced')),
    ],
    damaged: reads.flatMap((each) => (each !== undefined && 'damaged' in each ? [each.damaged] : [])),
    find,
    load: (object) => loadIndex(object.name, deps),
  };
}

const unfinished = (parts: Parts) => leftover(parts, 'unfinished');

/** The index goes first: without it, the object does not count. */
function leftover({ name, objectBytes, indexBytes, modifiedAtMs }: Parts, why: Leftover['why']): Leftover {
  const keys = [...(indexBytes === undefined ? [] : [indexKey(name)]), ...(objectBytes === undefined ? [] : [objectKey(name)])];
  return { keys, why, sizeBytes: (objectBytes ?? 0) + (indexBytes ?? 0), modifiedAtMs };
}

/** The whole indexes of a view's objects in order, the next ones being fetched while one is looked at. */
export async function* indexesOf({ objects, load }: Pick<ArchiveView, 'objects' | 'load'>): AsyncGenerator<[number, ArchiveIndex]> {
  const ahead: Promise<ArchiveIndex>[] = [];
  for (let at = 0; at < objects.length; at++) {
    for (const object of objects.slice(at + ahead.length, at + READ_AT_ONCE)) {
      const loading = load(object);
      // Whoever comes to it is told.
      loading.catch(() => {});
      ahead.push(loading);
    }
    const index = await ahead.shift();
    if (index !== undefined) yield [at, index];
  }
}

async function loadIndex(name: ObjectName, { store, codec }: ArchiveDeps): Promise<ArchiveIndex> {
  return decodeIndex((await store.get(indexKey(name))) ?? new Uint8Array(), codec);
}
