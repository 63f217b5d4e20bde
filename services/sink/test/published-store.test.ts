import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { stateKeys } from '@labelstream/shared/events/keys';
import type { Claim, KeyValueStore } from '@labelstream/shared/ports/key-value';
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredState } from '../src/published.js';
import { createPublishedStore, type PublishedStore } from '../src/published-store.js';

const PREFIX = 'shop.';
const older = { partition: 0, epoch: 1 };
const newer = { partition: 0, epoch: 2 };

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
  const rebuild = async (partition: number, claim: Claim) => {
    rebuilds.push(claim);
    await state.setMany([{ key: stateKeys.publishedComplete(PREFIX, partition), value: new Uint8Array([1]) }], claim);
  };
  published = createPublishedStore({ state, prefix: PREFIX, rebuild });
});
const versionOf = async () => (await published.load(['p'], newer)).get('p')?.state.rank.version;

describe('the published states', () => {
  it('are no longer written, nor read, by an owner once its successor has read them', async () => {
    await published.load(['p'], older);
    await published.load(['p'], newer);
    await published.save(states(2), newer);
    await expect(published.save(states(1), older)).rejects.toMatchObject({ code: 'STATE_FENCED' });
    await expect(published.load(['p'], older)).rejects.toMatchObject({ code: 'STATE_FENCED' });
    expect(await versionOf()).toBe(2);
  });

  it('of one partition number have nothing to do with the owner of another', async () => {
    await published.load(['p'], { partition: 1, epoch: 1 });
    await published.load(['p'], { partition: 2, epoch: 9 });
    await published.save(states(3), { partition: 1, epoch: 1 });
    expect(await versionOf()).toBe(3);
  });

  it('are rebuilt before anything is saved where all data was lost between reading and writing', async () => {
    await published.load(['p'], newer);
    await state.deleteMany([stateKeys.publishedComplete(PREFIX, 0), stateKeys.publishedOwner(PREFIX, 0)]);
    await expect(published.save(states(2), newer)).rejects.toMatchObject({ code: 'STATE_UNAVAILABLE', retriable: true });
    await published.load(['p'], newer);
    await published.save(states(2), newer);
    expect(await versionOf()).toBe(2);
    expect(rebuilds).toEqual(Array(2).fill({ key: stateKeys.publishedOwner(PREFIX, 0), epoch: 2 }));
  });
});
