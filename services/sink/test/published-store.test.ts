import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredState } from '../src/published.js';
import { createPublishedStore, type PublishedStore } from '../src/published-store.js';

const PREFIX = 'shop.';
const at = (live: number) => ({ live, backfill: 0 });
const older = { partition: 0, epoch: 1, committed: at(0) };
const newer = { partition: 0, epoch: 2, committed: at(0) };

const stored = (version: number): StoredState => ({
  state: {
    rank: { version, generation: 1, revision: 0, evidence: 2 },
    deleted: false,
    image: 'USED',
    text: 'USED',
    tasks: {},
    sources: {},
  },
  before: null,
});
const states = (version: number) => new Map([['p', stored(version)]]);

let state: KeyValueStore;
let published: PublishedStore;
let rebuilds: Claim[];
beforeEach(() => {
  state = createMemoryKeyValueStore({ role: 'state' });
  rebuilds = [];
  const rebuild = async (_: number, claim: Claim) => {
    rebuilds.push(claim);
  };
  published = createPublishedStore({ state, prefix: PREFIX, rebuild });
});
const versionOf = async () => (await published.load(['p'], newer)).get('p')?.state.rank.version;

describe('the published states', () => {
  it('are no longer written, nor read, by an owner once its successor has read them', async () => {
    await published.load(['p'], older);
    await published.load(['p'], newer);
    await published.save(states(2), newer, at(1));
    await expect(published.save(states(1), older, at(1))).rejects.toMatchObject({ code: 'STATE_FENCED' });
    await expect(published.load(['p'], older)).rejects.toMatchObject({ code: 'STATE_FENCED' });
    expect(await versionOf()).toBe(2);
  });

  it('of one partition number have nothing to do with the owner of another', async () => {
    await published.load(['p'], { ...older, partition: 1 });
    await published.load(['p'], { ...older, partition: 2, epoch: 9 });
    await published.save(states(3), { ...older, partition: 1 }, at(1));
    expect(await versionOf()).toBe(3);
  });

  it('are rebuilt before anything is saved where all data was lost between reading and writing', async () => {
    await published.load(['p'], newer);
    await state.deleteMany([stateKeys.publishedComplete(PREFIX, 0), stateKeys.publishedOwner(PREFIX, 0)]);
    await expect(published.save(states(2), newer, at(1))).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', retriable: true });
    await published.load(['p'], newer);
    await published.save(states(2), newer, at(1));
    expect(await versionOf()).toBe(2);
    expect(rebuilds).toEqual(Array(2).fill({ key: stateKeys.publishedOwner(PREFIX, 0), epoch: 2 }));
  });

  // Redis was killed before it had written what it had acknowledged; the sentinel, which is older, was still there.
  it('are rebuilt where the store has lost its last writes, which the group has committed', async () => {
    await published.load(['p'], newer);
    await published.save(states(2), newer, at(10));
    const thrownBackTo = await state.getMany([stateKeys.publishedComplete(PREFIX, 0), stateKeys.published(PREFIX, 'p')]);
    await published.save(states(5), { ...newer, committed: at(10) }, at(20));
    await published.load(['p'], { ...newer, committed: at(20) });
    expect(rebuilds).toHaveLength(1);
    await state.setMany([
      { key: stateKeys.publishedComplete(PREFIX, 0), value: thrownBackTo[0]! },
      { key: stateKeys.published(PREFIX, 'p'), value: thrownBackTo[1]! },
    ]);
    await published.load(['p'], { ...newer, committed: at(20) });
    expect(rebuilds).toHaveLength(2);
    await published.load(['p'], { ...newer, committed: at(20) });
    expect(rebuilds).toHaveLength(2);
  });

  it('are as good as they were where what was lost was never committed', async () => {
    await published.load(['p'], newer);
    await published.save(states(2), newer, at(10));
    await published.load(['p'], { ...newer, committed: at(10) });
    expect(rebuilds).toHaveLength(1);
  });

  it('are rebuilt once where the sentinel is of an older release', async () => {
    await state.setMany([{ key: stateKeys.publishedComplete(PREFIX, 0), value: new TextEncoder().encode('4711') }]);
    await published.load(['p'], newer);
    await published.load(['p'], newer);
    expect(rebuilds).toHaveLength(1);
  });
});
