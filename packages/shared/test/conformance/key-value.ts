import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyValueStore } from '../../src/ports/key-value.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const texts = (values: readonly (Uint8Array | null)[]) => values.map((value) => (value === null ? null : new TextDecoder().decode(value)));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Everything the key-value port promises. `unavailable` is the code of the role that `open` opens. */
export function keyValueConformance(name: string, unavailable: string, open: () => Promise<KeyValueStore>): void {
  describe(`${name} key-value store`, () => {
    let store: KeyValueStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());
    const key = (what: string) => `test:${what}:${randomUUID()}`;

    it('returns values in the order of the keys, null where there is none', async () => {
      const [a, b, c] = [key('a'), key('b'), key('c')];
      await store.setMany([
        { key: a, value: bytes('1') },
        { key: c, value: bytes('3') },
      ]);
      expect(texts(await store.getMany([c, b, a, a]))).toEqual(['3', null, '1', '1']);
      expect(await store.existMany([c, b, a])).toEqual([true, false, true]);
    });

    it('keeps any bytes, none and many of them, and replaces', async () => {
      const [empty, large, part] = [key('empty'), key('large'), key('part')];
      const megabyte = new Uint8Array(randomBytes(1_000_000));
      await store.setMany([
        { key: empty, value: new Uint8Array(0) },
        { key: large, value: bytes('old') },
      ]);
      await store.setMany([
        { key: large, value: megabyte },
        { key: part, value: megabyte.subarray(10, 20) },
      ]);
      const [readEmpty, readLarge, readPart] = await store.getMany([empty, large, part]);
      expect(readEmpty).toHaveLength(0);
      expect(Buffer.compare(readLarge!, megabyte)).toBe(0);
      expect([...readPart!]).toEqual([...megabyte.subarray(10, 20)]);
    });

    it('says how full it is, or that it has no limit', async () => {
      const memory = await store.memory();
      if (memory === null) return;
      expect(memory.usedShare).toBeGreaterThan(0);
      expect(memory.keys).toBeGreaterThanOrEqual(0);
    });

    it('keeps its own copy', async () => {
      const [own, value] = [key('own'), bytes('abc')];
      await store.setMany([{ key: own, value }]);
      value[0] = 0;
      const [first] = await store.getMany([own]);
      first![1] = 0;
      expect(texts(await store.getMany([own]))).toEqual(['abc']);
    });

    it('forgets an entry after its time, not before, and not one without', async () => {
      const [short, long, forEver] = [key('short'), key('long'), key('ever')];
      await store.setMany([
        { key: short, value: bytes('s'), ttlMs: 80 },
        { key: long, value: bytes('l'), ttlMs: 60_000 },
        { key: forEver, value: bytes('e') },
      ]);
      expect(await store.existMany([short, long, forEver])).toEqual([true, true, true]);
      await sleep(120);
      expect(texts(await store.getMany([short, long, forEver]))).toEqual([null, 'l', 'e']);
      expect(await store.existMany([short, long, forEver])).toEqual([false, true, true]);
    });

    it('does not prolong a life by reading or looking', async () => {
      const short = key('short');
      await store.setMany([{ key: short, value: bytes('s'), ttlMs: 150 }]);
      await sleep(100);
      await store.getMany([short]);
      await store.existMany([short]);
      await sleep(100);
      expect(await store.getMany([short])).toEqual([null]);
    });

    it('drops a time to live when an entry is set again without one', async () => {
      const again = key('again');
      await store.setMany([{ key: again, value: bytes('a'), ttlMs: 50 }]);
      await store.setMany([{ key: again, value: bytes('b') }]);
      await sleep(100);
      expect(texts(await store.getMany([again]))).toEqual(['b']);
    });

    it('lets an owner write until a newer one claims, then nothing of it any more', async () => {
      const [owner, a, b] = [key('owner'), key('a'), key('b')];
      const [older, newer] = [
        { key: owner, epoch: 1_700_000_000_001 },
        { key: owner, epoch: 1_700_000_000_002 },
      ];
      await store.claim(older);
      await store.claim(older);
      await store.setMany([{ key: a, value: bytes('older') }], older);
      await store.claim(newer);
      const late = [a, b].map((name) => ({ key: name, value: bytes('late') }));
      await expect(store.setMany(late, older)).rejects.toMatchObject({ code: 'STATE_FENCED', retriable: false });
      await expect(store.claim(older)).rejects.toMatchObject({ code: 'STATE_FENCED' });
      expect(texts(await store.getMany([a, b]))).toEqual(['older', null]);
      await store.setMany([{ key: a, value: bytes('newer') }], newer);
      expect(texts(await store.getMany([a]))).toEqual(['newer']);
    });

    it('writes nothing for an owner whose claim is lost, and all of it once it has claimed again', async () => {
      const [owner, a, b, short] = [key('owner'), key('a'), key('b'), key('short')];
      const claim = { key: owner, epoch: 7 };
      const entries = [
        { key: a, value: bytes('1') },
        { key: b, value: new Uint8Array([0, 255, 10]) },
        { key: short, value: bytes('s'), ttlMs: 80 },
      ];
      await expect(store.setMany(entries, claim)).rejects.toMatchObject({ code: unavailable, retriable: true });
      expect(await store.existMany([a, b, short])).toEqual([false, false, false]);
      await store.setMany([], claim);
      await store.claim(claim);
      await store.setMany([{ key: a, value: bytes('0') }], claim);
      await store.setMany(entries, claim);
      const [first, second] = await store.getMany([a, b]);
      expect([texts([first ?? null]), [...second!]]).toEqual([['1'], [0, 255, 10]]);
      await sleep(120);
      expect(await store.existMany([a, b, short])).toEqual([true, true, false]);
    });

    it('deletes what is there and ignores what is not', async () => {
      const [a, b] = [key('a'), key('b')];
      await store.setMany([{ key: a, value: bytes('1') }]);
      await store.deleteMany([a, b]);
      expect(await store.existMany([a, b])).toEqual([false, false]);
    });

    it('takes a thousand entries at once, and none', async () => {
      const keys = Array.from({ length: 1000 }, (_, i) => key(`${i}`));
      await store.setMany(keys.map((name, i) => ({ key: name, value: bytes(`${i}`), ttlMs: 60_000 })));
      expect(texts(await store.getMany(keys))).toEqual(keys.map((_, i) => `${i}`));
      await store.deleteMany(keys);
      expect((await store.existMany(keys)).includes(true)).toBe(false);
      expect(await store.getMany([])).toEqual([]);
      expect(await store.existMany([])).toEqual([]);
      await store.setMany([]);
      await store.deleteMany([]);
    });

    it('answers a ping, and after closing nothing but the code of its role', async () => {
      const own = await open();
      await expect(own.ping()).resolves.toBeUndefined();
      await own.close();
      for (const call of [
        () => own.ping(),
        () => own.getMany(['k']),
        () => own.setMany([{ key: 'k', value: bytes('v') }]),
        () => own.claim({ key: 'k', epoch: 1 }),
      ])
        await expect(call()).rejects.toMatchObject({ code: unavailable, retriable: true });
    });
  });
}
