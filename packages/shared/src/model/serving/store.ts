import { isLabelstreamError } from '../../errors.js';
import { stateKeys } from '../../events/keys.js';
import type { Claim, KeyValueStore } from '../../ports/key-value.js';
import { sleep } from '../../stream/wake-up.js';
import type { Comparison } from './comparison.js';
import type { ServingDocument } from './document.js';
import type { Member } from './members.js';

/** An instance that has not said anything for this long is gone. */
const MEMBER_TTL_MS = 15_000;
const COMPARISON_TTL_MS = 30 * 24 * 60 * 60_000;
/** Attempts at a change that others are faster at; each of them got through. */
const ATTEMPTS = 50;
const MAX_REST_MS = 200;

/** The serving document of a deployment, and the instances that follow it. Every method throws STATE_UNAVAILABLE. */
export interface ServingStore {
  /** Null where nothing was ever asked for. */
  read(): Promise<ServingDocument | null>;
  /**
   * Compares and sets: `change` is given what stands there, and what it returns stands there afterwards, unless it is the same object. It
   * may be called again when somebody else was faster. Instances do not come and go in between. Throws what `change` throws.
   */
  update(change: (document: ServingDocument | null, members: readonly Member[]) => ServingDocument | null): Promise<ServingDocument | null>;
  /** Says what an instance does; it counts as gone when it has not done so for 15 s. */
  report(member: Member): Promise<void>;
  /** From now on no change comes into force without this instance. To be called after its first report, before it reads the document. */
  join(id: string): Promise<void>;
  leave(id: string): Promise<void>;
  /** The living instances. */
  members(): Promise<Member[]>;
  /** Keeps an instance's part of a comparison, for 30 days. `what`: {@link comparisonName}. */
  saveComparison(what: string, id: string, part: Comparison): Promise<void>;
  /** The parts of a comparison. */
  comparisons(what: string): Promise<Comparison[]>;
}

export interface ServingStoreDeps {
  readonly state: Pick<KeyValueStore, 'getMany' | 'setMany' | 'claim' | 'deleteMany'>;
  readonly prefix: string;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What a comparison of two bundles is stored under. */
export const comparisonName = (activeId: string, shadowId: string): string => `${activeId}~${shadowId}`;

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const decode = <T>(bytes: Uint8Array | null | undefined): T | null =>
  bytes === null || bytes === undefined ? null : (JSON.parse(new TextDecoder().decode(bytes)) as T);

export function createServingStore({ state, prefix, random }: ServingStoreDeps): ServingStore {
  const keys = stateKeys.models(prefix);

  async function readOne<T>(key: string): Promise<T | null> {
    const [bytes] = await state.getMany([key]);
    return decode<T>(bytes);
  }

  async function readAll<T>(all: readonly string[]): Promise<T[]> {
    return (await state.getMany(all)).flatMap((bytes) => decode<T>(bytes) ?? []);
  }

  /** A claim that whoever reads and writes under an older one loses: between it and the write, nothing of others comes in between. */
  async function claimNext(): Promise<Claim> {
    const held = (await readOne<number>(keys.claim)) ?? 0;
    const claim = { key: keys.claim, epoch: held + 1 + Math.floor(random() * 2 ** 20) };
    await state.claim(claim);
    return claim;
  }

  async function locked<T>(work: (claim: Claim) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(await claimNext());
      } catch (error) {
        if (!isLabelstreamError(error, 'STATE_FENCED') || attempt >= ATTEMPTS) throw error;
      }
      // Several that go on in step would fence one another for ever.
      await sleep(random() * Math.min(MAX_REST_MS, 2 ** attempt));
    }
  }

  const memberIds = async () => (await readOne<string[]>(keys.members)) ?? [];
  const members = async () => readAll<Member>((await memberIds()).map(keys.member));

  const setIds = (key: string, claim: Claim, ids: readonly string[], ttlMs?: number) =>
    state.setMany([{ key, value: encode(ids), ...(ttlMs === undefined ? {} : { ttlMs }) }], claim);

  return {
    read: () => readOne(keys.document),
    update: (change) =>
      locked(async (claim) => {
        const found = await readOne<ServingDocument>(keys.document);
        const changed = change(found, await members());
        if (changed !== null && changed !== found) await state.setMany([{ key: keys.document, value: encode(changed) }], claim);
        return changed;
      }),
    report: (member) => state.setMany([{ key: keys.member(member.id), value: encode(member), ttlMs: MEMBER_TTL_MS }]),
    join: (id) =>
      locked(async (claim) => {
        const living = (await members()).map((member) => member.id);
        await setIds(keys.members, claim, [...new Set([...living, id])]);
      }),
    leave: async (id) => {
      await state.deleteMany([keys.member(id)]);
      await locked(async (claim) => {
        await setIds(
          keys.members,
          claim,
          (await memberIds()).filter((each) => each !== id),
        );
      });
    },
    members,
    saveComparison: async (what, id, part) => {
      await state.setMany([{ key: keys.comparisonPart(what, id), value: encode(part), ttlMs: COMPARISON_TTL_MS }]);
      const known = (await readOne<string[]>(keys.comparison(what))) ?? [];
      if (known.includes(id)) return;
      await locked(async (claim) => {
        const ids = (await readOne<string[]>(keys.comparison(what))) ?? [];
        await setIds(keys.comparison(what), claim, [...new Set([...ids, id])], COMPARISON_TTL_MS);
      });
    },
    comparisons: async (what) => {
      const ids = (await readOne<string[]>(keys.comparison(what))) ?? [];
      return readAll<Comparison>(ids.map((id) => keys.comparisonPart(what, id)));
    },
  };
}
