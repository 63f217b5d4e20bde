import { createMemoryKeyValueStore } from '@labelstream/shared/adapters/memory/key-value';
import type { RankedHead, Wish } from '@labelstream/shared/model/serving/document';
import { type Member, settleNext } from '@labelstream/shared/model/serving/members';
import { createServingStore, type ServingStore } from '@labelstream/shared/model/serving/store';
import { beforeEach, describe, expect, test } from 'vitest';
import { askForChange, progressOf, waitForChange } from '../../src/models/change.js';
import { progressText, statusText } from '../../src/models/render.js';
import { createPaint } from '../../src/output.js';

const FALLBACK: RankedHead = { bundle: '/a', id: 'a@000000000000', generation: 3 };
const PROMOTE: Wish = { kind: 'promote', head: { bundle: '/b', id: 'b@000000000000', manifestGeneration: 1 } };
const paint = createPaint(false);

let store: ServingStore;
beforeEach(() => {
  store = createServingStore({ state: createMemoryKeyValueStore({ role: 'state' }), prefix: '', random: Math.random });
});

async function signOn(id: string, over: Partial<Member> = {}): Promise<void> {
  await store.report({ id, startedAt: 0, saidAt: 0, applied: 0, serving: { active: FALLBACK }, ...over });
  await store.join(id);
}

const ask = (wish: Wish = PROMOTE) => askForChange(wish, { store, fallback: async () => FALLBACK, now: () => 1000 });
const state = async (number: number) => progressOf(number, await store.read(), await store.members());

/** As the last instance to be prepared does it. */
const settle = () => store.update((document, members) => document && settleNext(document, members, 2000));

const wait = (number: number, timeoutMs = 0) =>
  waitForChange(number, store, { timeoutMs, signal: new AbortController().signal, onProgress: () => {}, now: Date.now });

describe('a change', () => {
  test('is in force at once where no instance is at work, over what FUSION_BUNDLE would have been', async () => {
    expect(await state(await ask())).toEqual({ state: 'served', instances: 0 });
    expect(await store.read()).toMatchObject({
      current: { active: { id: 'b@000000000000', generation: 4 } },
      history: [
        { number: 0, active: FALLBACK },
        { number: 1, kind: 'promote' },
      ],
    });
  });

  test('begins from what the instances serve, and not from what this machine would', async () => {
    await signOn('m1', { serving: { active: { ...FALLBACK, generation: 17 } }, prepared: 1 });
    await ask();
    await settle();
    expect((await store.read())?.current.active.generation).toBe(18);
  });

  test('is asked for, then in force, then served by all; and says who is waited for', async () => {
    await signOn('m1');
    await signOn('m2');
    const number = await ask();
    await signOn('m1', { prepared: number });
    expect(await state(number)).toEqual({ state: 'asked', waitingFor: ['m2'] });
    await signOn('m2', { prepared: number });
    await settle();
    await signOn('m1', { applied: number });
    await signOn('m2', { problem: { change: number, what: 'disk full' } });
    const switching = await wait(number);
    expect(switching).toEqual({ state: 'switching', waitingFor: ['m2'], problems: [{ member: 'm2', what: 'disk full' }] });
    expect(progressText(number, switching)).toBe('Change 1 is in force; waiting for m2.\n  m2: disk full');
    await signOn('m2', { applied: number });
    expect(await wait(number, 10_000)).toEqual({ state: 'served', instances: 2 });
  });

  test('is rejected with reasons, which the status shows until the next rejection', async () => {
    await signOn('m1', { problem: { change: 1, what: 'golden case 0' } });
    const number = await ask();
    await settle();
    expect(await wait(number, 10_000)).toEqual({ state: 'rejected', reasons: [{ member: 'm1', what: 'golden case 0' }] });
    const text = statusText(await store.read(), await store.members(), paint);
    expect(text).toContain('active  a@000000000000, generation 3, from /a');
    expect(text).toMatch(/change 1 \(promote\) was rejected at .*\n {2}m1: golden case 0/);
  });

  test('is refused while another one is under way, unless nobody is left to load that', async () => {
    await signOn('m1');
    await ask();
    await expect(ask({ kind: 'rollback' })).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('under way') });
    await store.leave('m1');
    await ask({ kind: 'rollback' });
    expect((await store.read())?.current.active).toMatchObject({ id: FALLBACK.id, generation: 5 });
  });

  test('of which nothing is known any more is said so', async () => {
    expect(progressText(9, await state(9))).toBe('Change 9 is not known any more.');
  });
});

test('the status of a deployment where nothing was ever promoted', () => {
  expect(statusText(null, [], paint)).toMatch(/Nothing was ever promoted.*\n\nNo instance of fusion is at work\./);
});
