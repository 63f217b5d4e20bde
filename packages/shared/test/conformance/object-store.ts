import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectInfo, ObjectStore } from '../../src/ports/object-store.js';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();

async function listOf(store: ObjectStore, prefix: string): Promise<ObjectInfo[]> {
  const found: ObjectInfo[] = [];
  for await (const info of store.list(prefix)) found.push(info);
  return found;
}

/** What every object store does. `open` opens the same empty store each time. */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());

    it('gives an object back as it was stored last, whole and in parts', async () => {
      await store.put('a/one', bytes('first'));
      await store.put('a/one', bytes('0123456789'));
      expect(text(await store.get('a/one'))).toBe('0123456789');
      expect(text(await store.get('a/one', { offset: 3, sizeBytes: 4 }))).toBe('3456');
      expect(text(await store.get('a/one', { offset: 8, sizeBytes: 40 }))).toBe('89');
      expect(text(await store.get('a/one', { offset: 40, sizeBytes: 4 }))).toBe('');
    });

    it('has objects without bytes and with many', async () => {
      const large = new Uint8Array(3_000_000).map((_, at) => at % 251);
      await store.put('large', large);
      await store.put('empty', new Uint8Array());
      expect(Buffer.compare((await store.get('large')) ?? new Uint8Array(), large)).toBe(0);
      expect((await store.get('empty'))?.length).toBe(0);
    });

    it('has nothing under a key that was not stored, or is the beginning of one', async () => {
      await store.put('b/c/d', bytes('x'));
      expect(await store.get('none')).toBeUndefined();
      expect(await store.get('b/c', { offset: 0, sizeBytes: 1 }).catch(() => undefined)).toBeUndefined();
    });

    it('lists keys by their beginning, in the order of their bytes', async () => {
      const keys = ['l/e@1/date=2026-01-02/b', 'l/e@1/date=2026-01-02/a.b', 'l/e@1/date=2026-01-02', 'l/e@1.x', 'l/ä', 'l/z/1', 'l/Z'];
      const distinct = keys.filter((key) => key !== 'l/e@1/date=2026-01-02');
      for (const key of distinct) await store.put(key, bytes(key));
      const sorted = distinct.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await listOf(store, 'l/')).map(({ key }) => key)).toEqual(sorted);
      expect((await listOf(store, 'l/e@1/date=2026-01-02/')).map(({ key }) => key)).toEqual([keys[1], keys[0]]);
      expect((await listOf(store, 'l/e@1')).length).toBe(3);
      expect(await listOf(store, 'l/none')).toEqual([]);
    });

    it('tells size and age', async () => {
      await store.put('info', bytes('12345'));
      const [info] = await listOf(store, 'info');
      expect(info).toMatchObject({ key: 'info', sizeBytes: 5 });
      expect(Math.abs(Date.now() - (info?.modifiedAtMs ?? 0))).toBeLessThan(120_000);
    });

    it('deletes, also what is not there', async () => {
      await store.put('gone/1', bytes('1'));
      await store.put('gone/2', bytes('2'));
      await store.delete(['gone/1', 'gone/none']);
      expect((await listOf(store, 'gone/')).map(({ key }) => key)).toEqual(['gone/2']);
    });

    it.each(['', '../up', 'a/../b', '/a', 'a//b', 'a/', '.hidden', 'a/\0'])('refuses %j as a key', async (key) => {
      const refused = { code: 'CONFIG_INVALID' };
      await expect(store.put(key, bytes('x'))).rejects.toMatchObject(refused);
      await expect(store.get(key)).rejects.toMatchObject(refused);
      await expect(store.delete([key])).rejects.toMatchObject(refused);
    });
  });
}
