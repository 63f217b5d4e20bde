import { changed, notThere } from '../../src/source/object-errors.js';
import type { ByteRange, ObjectStore, StoredObject } from '../../src/source/object-store.js';

/** Objects in memory, for tests: read in chunks of any size, and seen while they are read. */
export interface MemoryStore extends ObjectStore {
  put(uri: string, bytes: Uint8Array | string): StoredObject;
  /** Reads that were begun and not ended. */
  openReads(): number;
}

const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function createMemoryStore({ chunkBytes = 1000 }: { readonly chunkBytes?: number } = {}): MemoryStore {
  const objects = new Map<string, { readonly object: StoredObject; readonly bytes: Buffer }>();
  let [openReads, versions] = [0, 0];

  async function* list(uri: string, { after }: { readonly after?: string } = {}): AsyncGenerator<StoredObject> {
    const exact = objects.get(uri);
    if (exact !== undefined) return yield exact.object;
    const prefix = uri.endsWith('/') ? uri : `${uri}/`;
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix)).sort(compare);
    if (names.length === 0) throw notThere(uri);
    for (const name of names) if (after === undefined || compare(name, after) > 0) yield objects.get(name)!.object;
  }

  async function* read(object: StoredObject, range?: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const found = objects.get(object.uri);
    if (found?.object.tag !== object.tag) throw changed(object.uri);
    const { start, end } = range ?? { start: 0, end: object.sizeBytes };
    openReads += 1;
    try {
      for (let at = start; at < end; at += chunkBytes) {
        signal?.throwIfAborted();
        yield found.bytes.subarray(at, Math.min(at + chunkBytes, end));
      }
    } finally {
      openReads -= 1;
    }
  }

  return {
    list,
    read,
    close: () => {},
    put(uri, bytes) {
      versions += 1;
      const object = { uri, sizeBytes: Buffer.from(bytes as string).length, tag: `${versions}` };
      objects.set(uri, { object, bytes: Buffer.from(bytes as string) });
      return object;
    },
    openReads: () => openReads,
  };
}
