import type { ObjectInfo, ObjectStore } from '../../ports/object-store.js';
import { checkObjectKey } from '../common/object-key.js';

/** Objects in this process. */
export function createMemoryObjectStore(now: () => number = Date.now): ObjectStore {
  const objects = new Map<string, ObjectInfo & { readonly body: Uint8Array }>();
  return {
    async put(key, body) {
      objects.set(checkObjectKey(key), { key, body: Uint8Array.from(body), sizeBytes: body.length, modifiedAtMs: now() });
    },
    async get(key, range) {
      const body = objects.get(checkObjectKey(key))?.body;
      return range === undefined ? body : body?.subarray(range.offset, range.offset + range.sizeBytes);
    },
    async *list(prefix) {
      const found = [...objects.values()].filter(({ key }) => key.startsWith(prefix));
      for (const { body: _, ...info } of found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))) yield info;
    },
    async delete(keys) {
      for (const key of keys) objects.delete(checkObjectKey(key));
    },
    close: async () => {},
  };
}
