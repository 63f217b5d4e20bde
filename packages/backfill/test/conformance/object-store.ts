import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore, StoredObject } from '../../src/source/object-store.js';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** The URI of a new, empty folder, with a slash at its end. */
  readonly folder: string;
  put(uri: string, bytes: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

const BYTES = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What every {@link ObjectStore} does. */
export function objectStoreConformance(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}, as any object store`, () => {
    let opened: StoreUnderTest;
    const at = (path: string) => opened.folder + path;
    const names = async (uri: string, after?: string) =>
      (await collect(opened.store.list(uri, after === undefined ? {} : { after }))).map((object) => object.uri.slice(opened.folder.length));
    const find = async (path: string): Promise<StoredObject> => (await collect(opened.store.list(at(path))))[0]!;
    const read = async (...args: Parameters<ObjectStore['read']>) => Buffer.concat(await collect(opened.store.read(...args)));

    beforeAll(async () => {
      opened = await open();
      for (const path of ['a.csv', 'a/b.csv', 'a/c/d.csv', 'a0.csv', 'ü/ b#?.csv', '😀.csv', '\uffee.csv', 'empty/none.csv']) {
        await opened.put(at(path), path === 'empty/none.csv' ? Buffer.alloc(0) : BYTES);
      }
    });
    afterAll(() => opened.stop());

    const ALL = ['a.csv', 'a/b.csv', 'a/c/d.csv', 'a0.csv', 'empty/none.csv', 'ü/ b#?.csv', '\uffee.csv', '😀.csv'];

    it('lists all below a folder in the order of the bytes of their names', async () => {
      expect(await names(opened.folder)).toEqual(ALL);
      expect(await names(opened.folder.slice(0, -1))).toEqual(ALL);
      expect(await names(at('a'))).toEqual(['a/b.csv', 'a/c/d.csv']);
    });

    it('lists from after any name on', async () => {
      for (const [index, after] of ALL.entries()) expect(await names(opened.folder, at(after))).toEqual(ALL.slice(index + 1));
      expect(await names(opened.folder, at('a/c/'))).toEqual(ALL.slice(2));
      expect(await names(opened.folder, at('zzzz'))).toEqual(ALL.slice(5));
    });

    it('gives one object by its name, with its size', async () => {
      expect(await collect(opened.store.list(at('a/b.csv')))).toEqual([
        { uri: at('a/b.csv'), sizeBytes: BYTES.length, tag: expect.any(String) },
      ]);
      expect(await find('empty/none.csv')).toMatchObject({ sizeBytes: 0 });
    });

    it('reads an object whole, and any range of it', async () => {
      const object = await find('ü/ b#?.csv');
      expect((await read(object)).equals(BYTES)).toBe(true);
      for (const [start, end] of [
        [0, 1],
        [5, 700_000],
        [999_999, 1_000_000],
        [10, 10],
      ] as const) {
        expect((await read(object, { start, end })).equals(BYTES.subarray(start, end))).toBe(true);
      }
      expect((await read(await find('empty/none.csv'))).length).toBe(0);
    });

    it('can be left in the middle of many objects', async () => {
      const object = await find('a.csv');
      for (let count = 0; count < 120; count += 1) {
        for await (const chunk of opened.store.read(object)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await read(object, { start: 0, end: 10 })).length).toBe(10);
    });

    it('refuses an object that has changed, also to the same size', async () => {
      await opened.put(at('changing/a.csv'), BYTES);
      const object = await find('changing/a.csv');
      await opened.put(at('changing/a.csv'), Buffer.from(BYTES).reverse());
      await expect(read(object)).rejects.toMatchObject({
        code: 'SOURCE_INVALID',
        message: expect.stringContaining(`${at('changing/a.csv')} has changed`),
      });
    });

    it('says what is not there', async () => {
      const message = expect.stringContaining('there is no such file or folder; check its name');
      await expect(find('none.csv')).rejects.toMatchObject({ code: 'SOURCE_INVALID', message });
      await expect(names(at('none/'))).rejects.toMatchObject({ code: 'SOURCE_INVALID', message });
    });

    it('stops when it is called off', async () => {
      const object = await find('a.csv');
      const stop = new AbortController();
      const reason = new Error('called off');
      const reading = (async () => {
        for await (const _ of opened.store.read(object, undefined, stop.signal)) stop.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
    });
  });
}
