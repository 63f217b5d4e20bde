import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import { LabelstreamError } from '@labelstream/shared/errors';
import { askFor, beginServing, type ServingDocument, type Wish } from '@labelstream/shared/model/serving/document';
import { settleNext } from '@labelstream/shared/model/serving/members';
import { createServingStore } from '@labelstream/shared/model/serving/store';
import { createLog } from '@labelstream/shared/observability/log';
import type { KeyValueStore } from '@labelstream/shared/ports/key-value';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFusionMetrics } from '../../src/metrics.js';
import { startServing } from '../../src/serving/start.js';
import { fakeHeads } from './fake-heads.js';

const WAIT = { timeout: 15_000, interval: 20 };
const head = (id: string) => ({ bundle: `/${id}`, id, manifestGeneration: 1 });
const FIRST = { bundle: '/a', id: 'a', generation: 1 };
const promote = (id: string): Wish => ({ kind: 'promote', head: head(id) });

let state: KeyValueStore;
let isDown: boolean;
const running: { close(): Promise<void> }[] = [];
beforeEach(() => {
  state = createMemoryKeyValueStore({ role: 'state' });
  isDown = false;
});
afterEach(async () => {
  isDown = false;
  for (const each of running.splice(0)) await each.close();
});

/** A state Redis that may be taken away. */
const flaky = (): KeyValueStore => ({
  ...state,
  getMany: async (keys) => {
    if (isDown) throw new LabelstreamError('STATE_UNAVAILABLE', 'down');
    return state.getMany(keys);
  },
});

const storeOf = (over: KeyValueStore = state) => createServingStore({ state: over, prefix: '', random: Math.random });

async function start(id: string, heads = fakeHeads()) {
  const serving = await startServing({
    store: storeOf(flaky()),
    id,
    openHead: heads.open,
    fallback: async () => FIRST,
    metrics: createFusionMetrics(new Registry()),
    log: createLog({ name: 'test', level: 'silent' }),
    now: Date.now,
    random: Math.random,
  });
  running.push(serving);
  return { ...serving, heads: serving.heads, opened: heads, active: () => serving.heads.current().serving.active };
}

const ask = (wish: Wish) =>
  storeOf().update((document, members) =>
    settleNext(askFor(document ?? beginServing(FIRST, Date.now()), wish, Date.now()), members, Date.now()),
  );

describe('an instance of fusion', () => {
  it('serves its own bundle until something is promoted, and then switches without a restart', async () => {
    const instance = await start('m1');
    expect(instance.active()).toEqual(FIRST);
    await ask(promote('b'));
    await vi.waitFor(() => expect(instance.active()).toMatchObject({ id: 'b', generation: 2 }), WAIT);
    await vi.waitFor(async () => expect(await storeOf().members()).toMatchObject([{ id: 'm1', applied: 1 }]), WAIT);
    expect(instance.opened.isOpen('a')).toBe(0);
  });

  it('begins with what is in force when it starts', async () => {
    await ask(promote('b'));
    const instance = await start('m1');
    expect(instance.active()).toMatchObject({ id: 'b', generation: 2 });
    expect(instance.opened.opened).toEqual(['b']);
  });

  it('does not switch before all others are prepared as well, and then, told by a glance, before its next micro-batch', async () => {
    const [first, slow] = [await start('m1'), fakeHeads()];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const open: typeof slow.open = async (ref) => {
      if (ref.id === 'b') await gate;
      return slow.open(ref);
    };
    const second = await start('m2', { ...slow, open });
    await ask(promote('b'));
    await vi.waitFor(async () => expect(await storeOf().members()).toMatchObject([{ id: 'm1', prepared: 1 }, { id: 'm2' }]), WAIT);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect([first.active().id, second.active().id]).toEqual(['a', 'a']);
    release();
    await vi.waitFor(async () => expect((await storeOf().read())?.applied).toBe(1), WAIT);
    await Promise.all([first.follower.glance(), second.follower.glance()]);
    expect([first.active().id, second.active().id]).toEqual(['b', 'b']);
  });

  it('goes on with its head when one instance cannot take the new one, and the reason is known', async () => {
    const [first, second] = [await start('m1'), await start('m2', fakeHeads('b'))];
    await ask(promote('b'));
    const rejected = await vi.waitFor(async () => {
      const document = await storeOf().read();
      expect(document?.rejected).toBeDefined();
      return document;
    }, WAIT);
    expect(rejected).toMatchObject({ applied: 0, rejected: { reasons: [{ member: 'm2', what: expect.stringContaining('broken') }] } });
    expect([first.active().id, second.active().id]).toEqual(['a', 'a']);
    await ask(promote('c'));
    await vi.waitFor(() => expect([first.active().id, second.active().id]).toEqual(['c', 'c']), WAIT);
    await vi.waitFor(() => expect(first.opened.isOpen('b')).toBe(0), WAIT);
    expect(first.active().generation).toBe(3);
  });

  it('keeps what it read last while the state Redis is down, and writes it again when that has lost it', async () => {
    const instance = await start('m1');
    await ask(promote('b'));
    await vi.waitFor(() => expect(instance.active().id).toBe('b'), WAIT);
    await vi.waitFor(async () => expect((await storeOf().members())[0]?.applied).toBe(1), WAIT);
    isDown = true;
    await instance.follower.glance();
    expect(instance.active().id).toBe('b');
    const document = (await storeOf().read()) as ServingDocument;
    await state.deleteMany(['models:']);
    isDown = false;
    await vi.waitFor(async () => expect(await storeOf().read()).toEqual(document), WAIT);
  });

  it('takes over what came into force without it, when it can load it, with the old head serving meanwhile', async () => {
    const instance = await start('m1');
    await storeOf().leave('m1');
    await storeOf().update(() => {
      const asked = askFor(beginServing(FIRST, 0), promote('b'), 0);
      return settleNext(asked, [], 0);
    });
    await instance.follower.glance();
    await vi.waitFor(() => expect(instance.active()).toMatchObject({ id: 'b' }), WAIT);
  });

  it('signs off when it ends', async () => {
    await start('m1');
    expect(await storeOf().members()).toHaveLength(1);
    await running.splice(0)[0]!.close();
    expect(await storeOf().members()).toEqual([]);
  });
});
