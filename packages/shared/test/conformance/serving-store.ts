import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beginComparison } from '../../src/model/serving/comparison.js';
import { beginServing, type ServingDocument } from '../../src/model/serving/document.js';
import type { Member } from '../../src/model/serving/members.js';
import { createServingStore } from '../../src/model/serving/store.js';
import type { KeyValueStore } from '../../src/ports/key-value.js';

const ACTIVE = { bundle: '/a', id: 'a@000000000000', generation: 1 };
const member = (id: string): Member => ({ id, startedAt: 0, saidAt: 0, applied: 0, serving: { active: ACTIVE } });

/** What the serving document promises over any key-value store of the state role. */
export function servingStoreConformance(name: string, open: () => Promise<KeyValueStore>): void {
  describe(`the serving document over ${name} state`, () => {
    let state: KeyValueStore;
    beforeAll(async () => {
      state = await open();
    });
    afterAll(() => state.close());
    const deployment = () => {
      const prefix = `serving-${randomUUID()}.`;
      return () => createServingStore({ state, prefix, random: Math.random });
    };

    it('loses none of the changes that several make at the same time', async () => {
      const connect = deployment();
      const grow = (document: ServingDocument | null) => {
        const before = document ?? beginServing(ACTIVE, 0);
        return { ...before, asked: before.asked + 1 };
      };
      const makers = Array.from({ length: 6 }, async () => {
        const store = connect();
        for (let turn = 0; turn < 5; turn++) await store.update(grow);
      });
      await Promise.all(makers);
      expect(await connect().read()).toMatchObject({ asked: 30, current: { active: ACTIVE } });
    });

    it('writes nothing where the change leaves the document as it is', async () => {
      const store = deployment()();
      expect(await store.update((document) => document)).toBeNull();
      expect(await store.read()).toBeNull();
    });

    it('throws what the change throws, and leaves the document as it was', async () => {
      const store = deployment()();
      await store.update(() => beginServing(ACTIVE, 0));
      const refuse = () => {
        throw new Error('no');
      };
      await expect(store.update(refuse)).rejects.toThrow('no');
      expect(await store.read()).toMatchObject({ asked: 0 });
    });

    it('knows the instances that have signed on, until they sign off', async () => {
      const connect = deployment();
      const stores = [connect(), connect(), connect()];
      await Promise.all(
        stores.map(async (store, at) => {
          await store.report(member(`m${at}`));
          await store.join(`m${at}`);
        }),
      );
      const ids = async () => (await connect().members()).map(({ id }) => id).sort();
      expect(await ids()).toEqual(['m0', 'm1', 'm2']);
      await stores[1]!.leave('m1');
      expect(await ids()).toEqual(['m0', 'm2']);
      const seen: string[] = [];
      await connect().update((document, members) => {
        seen.push(...members.map(({ id }) => id));
        return document;
      });
      expect(seen.sort()).toEqual(['m0', 'm2']);
    });

    it('keeps the parts of a comparison by instance, and shows other deployments nothing', async () => {
      const [connect, other] = [deployment(), deployment()];
      const part = (listings: number) => ({ ...beginComparison('a', 'b', 0), listings });
      await connect().saveComparison('a~b', 'm0', part(1));
      await Promise.all([connect().saveComparison('a~b', 'm0', part(2)), connect().saveComparison('a~b', 'm1', part(5))]);
      const listings = (await connect().comparisons('a~b')).map((each) => each.listings);
      expect(listings.sort()).toEqual([2, 5]);
      expect(await connect().comparisons('a~c')).toEqual([]);
      expect(await other().comparisons('a~b')).toEqual([]);
    });
  });
}
