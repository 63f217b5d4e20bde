import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createRedisBackfillStore, MAX_PENDING_RANGES } from '../../../src/adapters/bullmq/store.js';
import type { Backfill, NewBackfill } from '../../../src/job/backfill.js';
import type { FlowStatus } from '../../../src/job/flow.js';
import type { BackfillStore, RangeClaim } from '../../../src/job/store.js';
import type { BackfillRange } from '../../../src/kind.js';

const log = pino({ level: 'silent' });
let nowMs = 1_000_000;
let prefix = '';
let store: BackfillStore;
beforeEach(async () => {
  nowMs = 1_000_000;
  prefix = `test-${randomUUID().slice(0, 8)}.`;
  store = await createRedisBackfillStore({ url: inject('redisState'), prefix, log, now: () => nowMs });
});
afterEach(() => store.close());

const asked = (name: string, over: Partial<NewBackfill> = {}): NewBackfill => ({
  name,
  from: 'listings',
  spec: { sources: [], columns: {}, nothing: null },
  priority: 50,
  maxErrors: 5,
  ...over,
});
const ranges = (from: number, count: number): BackfillRange[] =>
  Array.from({ length: count }, (_, i) => ({ ordinal: from + i, name: `r${from + i}`, estimatedRows: 10, where: { parts: [], at: {} } }));

/** A backfill of so many ranges, planned and running. */
async function running(name: string, count: number, over: Partial<NewBackfill> = {}): Promise<Backfill> {
  const backfill = await store.create(asked(name, over));
  await store.addRanges(backfill, ranges(0, count));
  await store.finishPlan(backfill);
  return backfill;
}

async function claim(backfill: Backfill, ordinal: number): Promise<RangeClaim> {
  const claimed = await store.claim(backfill, ordinal);
  if (claimed === null) throw new Error(`range ${ordinal} cannot be claimed`);
  return claimed;
}

const FLOW: FlowStatus = {
  atMs: 1,
  admitted: 0,
  inFlight: 0,
  liveLag: 0,
  liveLatencyMs: null,
  windowRows: 100,
  allowedRows: 100,
  rateCap: null,
  drainPerSecond: 1.5,
  restLatencyMs: null,
};

describe('the record of backfills', () => {
  it('keeps what was asked for exactly, and lists the newest first', async () => {
    const created = await store.create(asked('one', { rate: 12 }));
    expect(created).toMatchObject({ ...asked('one', { rate: 12 }), state: 'planning', planComplete: false, createdAtMs: nowMs });
    nowMs += 1000;
    await store.create(asked('two'));
    expect((await store.list()).map(({ name }) => name)).toEqual(['two', 'one']);
    expect(await store.get('three')).toBeNull();
  });

  it('refuses a second one of the same name, also when both are started at once, and knows nothing of another deployment', async () => {
    const results = await Promise.allSettled([store.create(asked('same')), store.create(asked('same'))]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(store.create(asked('same'))).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringMatching(/There is a backfill "same" already; it is planning\. Give another --name/),
    });
    const other = await createRedisBackfillStore({ url: inject('redisState'), prefix: `${prefix}other.`, log });
    expect(await other.list()).toEqual([]);
    await other.create(asked('same'));
    await other.close();
  });

  it('adds a range once however often it is planned, and says when enough is known for now', async () => {
    const backfill = await store.create(asked('plan'));
    expect(await store.addRanges(backfill, ranges(0, 5))).toBe('more');
    expect(await store.addRanges(backfill, ranges(3, 4))).toBe('more');
    expect(await store.get('plan')).toMatchObject({ state: 'planning', counts: { rangesPlanned: 7, rangesPending: 7, rowsEstimated: 70 } });
    for (let at = 7; at < MAX_PENDING_RANGES; at += 1000) await store.addRanges(backfill, ranges(at, 1000));
    expect(await store.addRanges(backfill, ranges(MAX_PENDING_RANGES + 7, 1))).toBe('full');
    expect(await store.get('plan')).toMatchObject({ state: 'running', planComplete: false });
    await store.change('plan', 'cancel');
    expect(await store.addRanges(backfill, ranges(MAX_PENDING_RANGES + 8, 1))).toBe('ended');
  });

  it('is done when nothing was to be sent', async () => {
    await running('empty', 0);
    expect(await store.get('empty')).toMatchObject({ state: 'done', endedAtMs: nowMs });
  });

  it('hands out a few ranges at a time, as they were planned', async () => {
    const backfill = await running('few', 10);
    expect((await store.openRanges(backfill, 3)).sort()).toEqual([0, 1, 2]);
    expect((await store.openRanges(backfill, 4)).sort()).toEqual([0, 1, 2, 3]);
    expect((await claim(backfill, 2)).range).toEqual(ranges(2, 1)[0]);
    expect(await store.claim(backfill, 7)).toBeNull();
  });

  it('takes a range away from a worker that was taken for dead: it can change nothing any more', async () => {
    const backfill = await running('lost', 1);
    await store.openRanges(backfill, 1);
    const first = await claim(backfill, 0);
    expect(await store.checkpoint(first, { rowsDone: 4, sent: 3 })).toBe(true);
    const second = await claim(backfill, 0);
    expect(second.rowsDone).toBe(4);
    expect(await store.checkpoint(first, { rowsDone: 9, sent: 5 })).toBe(false);
    await store.endRange(first, { kind: 'done' });
    expect(await store.checkpoint(second, { rowsDone: 10, sent: 6 })).toBe(true);
    await store.endRange(second, { kind: 'done' });
    expect(await store.get('lost')).toMatchObject({ state: 'done', counts: { rowsRead: 10, rowsSent: 9, rangesDone: 1 } });
  });

  it('gives up a range that ends its worker again and again', async () => {
    const backfill = await running('deadly', 1);
    await store.openRanges(backfill, 1);
    for (let i = 0; i < 10; i += 1) await claim(backfill, 0);
    expect(await store.claim(backfill, 0)).toBeNull();
    expect(await store.get('deadly')).toMatchObject({ state: 'failed', counts: { rangesFailed: 1 } });
    expect(await store.failedRanges('deadly')).toMatchObject([{ code: 'STAGE_FAILED', message: expect.stringContaining('10 times') }]);
  });

  it('stops trying when a hundred ranges have failed, and tries all of them again when asked to', async () => {
    const backfill = await running('hopeless', 150);
    await store.openRanges(backfill, 150);
    for (let i = 0; i < 100; i += 1)
      await store.endRange(await claim(backfill, i), { kind: 'failed', code: 'SOURCE_INVALID', message: 'gone' });
    expect(await store.get('hopeless')).toMatchObject({ state: 'failed', counts: { rangesFailed: 100, rangesOpen: 50 } });
    await store.change('hopeless', 'retry');
    expect(await store.get('hopeless')).toMatchObject({
      state: 'running',
      counts: { rangesFailed: 0, rangesOpen: 50, rangesPending: 100 },
    });
    expect(await store.openRanges(backfill, 1000)).toHaveLength(150);
  });

  it('counts a row error once, and fails above the ceiling', async () => {
    const backfill = await running('rows', 1, { maxErrors: 2 });
    const error = (position: number) => ({ origin: 'a.csv', position, code: 'EVENT_INVALID', message: 'no id' });
    for (const position of [2, 1, 2]) expect(await store.addRowError(backfill, error(position))).toBe(true);
    expect(await store.rowErrors('rows')).toEqual([error(1), error(2)]);
    expect(await store.addRowError(backfill, error(3))).toBe(false);
    expect(await store.get('rows')).toMatchObject({ state: 'failed', reason: 'more than 2 rows cannot be sent', counts: { rowErrors: 3 } });
  });

  it('allows rows until the allowance is used up, whoever asks', async () => {
    const [a, b] = [await running('a', 1), await running('b', 1)];
    expect(await store.admit(a, 10)).toBeGreaterThan(0);
    await store.setFlow({ ...FLOW, allowedRows: 100 });
    expect(await store.admit(a, 60)).toBe(0);
    expect(await store.admit(b, 60)).toBe(0);
    expect(await store.admit(a, 1)).toBeGreaterThan(0);
    expect(await store.admitted()).toBe(120);
    expect(await store.flow()).toEqual(FLOW);
  });

  it('remembers a hundred backfills that have ended, and leaves nothing of the others behind', async () => {
    const redis = new Redis(inject('redisState'));
    const keys = () => redis.keys(`{${prefix}labelstream}*`);
    for (let i = 0; i < 105; i += 1) {
      nowMs += 1;
      const backfill = await running(`b${i}`, 1);
      await store.openRanges(backfill, 1);
      await store.endRange(await claim(backfill, 0), { kind: 'done' });
    }
    await store.create(asked('last'));
    expect(await store.list()).toHaveLength(101);
    // The record alone of each, and the list of their names.
    expect(await keys()).toHaveLength(102);
    redis.disconnect();
  });

  it('has one leader at a time, and knows the workers that live', async () => {
    expect([await store.lead('a'), await store.lead('b'), await store.lead('a')]).toEqual([true, false, true]);
    await store.beat('a');
    await store.beat('b');
    expect((await store.workers()).sort()).toEqual(['a', 'b']);
    await store.leave('a');
    expect(await store.workers()).toEqual(['b']);
    expect(await store.lead('b')).toBe(true);
    nowMs += 60_000;
    expect(await store.workers()).toEqual([]);
  });
});
