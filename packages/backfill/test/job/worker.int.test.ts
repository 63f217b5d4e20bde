import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BackfillState } from '../../src/job/backfill.js';
import { ofNumbers, openDeployment } from './deployment.js';
import { createNumbers } from './numbers-kind.js';

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
});
afterEach(() => deployment.close());

const until = (check: () => Promise<void> | void, timeout = 45_000) => vi.waitFor(check, { timeout, interval: 50 });
const toBe = (name: string, state: BackfillState) => until(async () => expect((await deployment.store.get(name))?.state).toBe(state));
const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => i);
const distinct = (sent: readonly { readonly row: number }[]) => [...new Set(sent.map(({ row }) => row))].sort((a, b) => a - b);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a backfill worker', () => {
  it('plans a backfill and sends every row of it once', async () => {
    const numbers = createNumbers('n');
    await deployment.store.create(ofNumbers('all', { ranges: 30, rows: 20 }));
    await deployment.work(numbers.kind);
    await toBe('all', 'done');
    expect(numbers.sent).toHaveLength(600);
    expect(distinct(numbers.sent)).toEqual(rowsOf(600));
    expect(await deployment.store.get('all')).toMatchObject({
      planComplete: true,
      counts: {
        rangesPlanned: 30,
        rangesDone: 30,
        rangesFailed: 0,
        rangesOpen: 0,
        rangesPending: 0,
        rowsEstimated: 600,
        rowsRead: 600,
        rowsSent: 600,
      },
    });
  });

  it('shares a backfill with other workers, which take over from one that goes away in the middle of a range', async () => {
    const numbers = createNumbers('n');
    await deployment.store.create(ofNumbers('shared', { ranges: 8, rows: 100, rowMs: 5 }));
    const leaving = await deployment.work(numbers.forWorker('a'));
    await deployment.work(numbers.forWorker('b'));
    await until(() => expect(new Set(numbers.sent.map(({ worker }) => worker)).size).toBe(2));
    await leaving.worker.stop();
    await toBe('shared', 'done');
    expect(distinct(numbers.sent)).toEqual(rowsOf(800));
    // What was noted before is not sent again; at most the rows since the last checkpoint of two ranges are.
    expect(numbers.sent.length).toBeLessThanOrEqual(800 + 2 * 10);
    expect(await deployment.store.get('shared')).toMatchObject({ counts: { rowsRead: 800, rowsSent: 800 } });
  });

  it('pauses in the middle of a range, goes on from there when it is resumed, and stops for good when it is cancelled', async () => {
    const numbers = createNumbers('n');
    const { store } = deployment;
    await store.create(ofNumbers('long', { ranges: 2, rows: 5000, rowMs: 2 }));
    await deployment.work(numbers.kind);
    await until(() => expect(numbers.sent.length).toBeGreaterThan(50));

    await store.change('long', 'pause');
    await sleep(2000);
    const paused = numbers.sent.length;
    await sleep(1000);
    expect(numbers.sent.length).toBe(paused);
    expect(await store.get('long')).toMatchObject({ state: 'paused' });

    await store.change('long', 'resume');
    await until(() => expect(numbers.sent.length).toBeGreaterThan(paused + 50));
    expect(numbers.sent.length - distinct(numbers.sent).length).toBeLessThanOrEqual(2 * 10);

    await store.change('long', 'cancel');
    await sleep(2000);
    const cancelled = numbers.sent.length;
    await sleep(1000);
    expect(numbers.sent.length).toBe(cancelled);
    expect(await store.get('long')).toMatchObject({ state: 'cancelled', counts: { rangesOpen: 0, rangesPending: 0 } });
    await expect(store.change('long', 'resume')).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('cancelled') });
  });

  it('lets backfills of one priority take turns, and one that is more urgent go first', async () => {
    const { store } = deployment;
    const numbers = { a: createNumbers('a'), b: createNumbers('b'), urgent: createNumbers('urgent') };
    const order: string[] = [];
    const kind = {
      open: async (spec: Parameters<typeof numbers.a.kind.open>[0], signal: AbortSignal) => {
        const source = (spec as { source: 'a' | 'b' | 'urgent' }).source;
        const opened = await numbers[source].kind.open(spec, signal);
        const run: typeof opened.run = (range, context) => {
          order.push(source);
          return opened.run(range, context);
        };
        return { ...opened, run };
      },
    };
    const spec = (source: string) => ({ source, ranges: 24, rows: 10, rowMs: 5 });
    await store.create(ofNumbers('a', spec('a')));
    await store.create(ofNumbers('b', spec('b')));
    await deployment.work(kind, { concurrency: 1 });
    await until(() => expect(order.length).toBeGreaterThan(16));
    const fair = order.slice(4, 16);
    expect(fair.filter((source) => source === 'a').length).toBeGreaterThanOrEqual(3);
    expect(fair.filter((source) => source === 'b').length).toBeGreaterThanOrEqual(3);

    await store.create(ofNumbers('urgent', spec('urgent'), { priority: 1 }));
    await Promise.all(['a', 'b', 'urgent'].map((name) => toBe(name, 'done')));
    const first = order.indexOf('urgent');
    const last = order.lastIndexOf('urgent');
    // One may slip in between two looks of the one who hands out.
    expect(order.slice(first, last + 1).filter((source) => source !== 'urgent').length).toBeLessThanOrEqual(6);
    for (const each of Object.values(numbers)) expect(distinct(each.sent)).toEqual(rowsOf(240));
  });

  it('makes room in the middle of a long range for another backfill that waits', async () => {
    const numbers = { long: createNumbers('long'), short: createNumbers('short') };
    const kind = {
      open: (spec: Parameters<typeof numbers.long.kind.open>[0], signal: AbortSignal) =>
        numbers[(spec as { source: 'long' | 'short' }).source].kind.open(spec, signal),
    };
    const { store } = deployment;
    await store.create(ofNumbers('long', { source: 'long', ranges: 1, rows: 1500, rowMs: 3 } as never));
    await deployment.work(kind, { concurrency: 1, sliceMs: 1000 });
    await until(() => expect(numbers.long.sent.length).toBeGreaterThan(10));
    await store.create(ofNumbers('short', { source: 'short', ranges: 1, rows: 20 } as never));
    await toBe('short', 'done');
    expect((await store.get('long'))?.state).toBe('running');
    await toBe('long', 'done');
    expect(distinct(numbers.long.sent)).toEqual(rowsOf(1500));
  });

  it('keeps a range that fails with its reason, and sends it when it is asked to try again', async () => {
    const numbers = createNumbers('n');
    const { store } = deployment;
    await store.create(ofNumbers('broken', { ranges: 3, rows: 10, brokenRange: 1 }));
    await deployment.work(numbers.kind);
    await toBe('broken', 'failed');
    expect(await store.get('broken')).toMatchObject({ reason: '1 range could not be sent', counts: { rangesDone: 2, rangesFailed: 1 } });
    expect(await store.failedRanges('broken')).toEqual([
      {
        range: { ordinal: 1, name: 'range 1', estimatedRows: 10, where: { none: [] } },
        rowsDone: 0,
        code: 'SOURCE_INVALID',
        message: 'this range is broken',
      },
    ]);
    numbers.broken = false;
    await store.change('broken', 'retry');
    await toBe('broken', 'done');
    expect(distinct(numbers.sent)).toEqual(rowsOf(30));
  });

  it('reports every row that cannot be sent once, and stops above the ceiling', async () => {
    const numbers = createNumbers('n');
    const { store } = deployment;
    await store.create(ofNumbers('some', { ranges: 2, rows: 50, badEvery: 10 }, { maxErrors: 10 }));
    await store.create(ofNumbers('many', { ranges: 2, rows: 50, badEvery: 10 }, { maxErrors: 3 }));
    await deployment.work(numbers.kind);
    await toBe('some', 'done');
    expect(await store.get('some')).toMatchObject({ counts: { rowsRead: 100, rowsSent: 90, rowErrors: 10 } });
    expect((await store.rowErrors('some')).map(({ position }) => position)).toEqual(rowsOf(10).map((i) => i * 10 + 1));
    await toBe('many', 'failed');
    expect(await store.get('many')).toMatchObject({ reason: 'more than 3 rows cannot be sent' });
    await store.change('many', 'retry', { maxErrors: 100 });
    await toBe('many', 'done');
    expect(await store.get('many')).toMatchObject({ counts: { rowsRead: 100, rowErrors: 10 } });
  });

  it('says what a source is wrong with, and sends nothing of it', async () => {
    const numbers = createNumbers('n');
    await deployment.store.create(ofNumbers('missing', { ranges: 1, rows: 1, missing: true }));
    await deployment.work(numbers.kind);
    await toBe('missing', 'failed');
    expect(await deployment.store.get('missing')).toMatchObject({ reason: 'there are no numbers here' });
  });

  it('holds a backfill to its own ceiling of rows per second', async () => {
    const numbers = createNumbers('n');
    await deployment.store.create(ofNumbers('slow', { ranges: 1, rows: 2000 }, { rate: 100 }));
    await deployment.work(numbers.kind);
    await until(() => expect(numbers.sent.length).toBeGreaterThan(0));
    await sleep(4000);
    // A second's worth may be sent at once.
    expect(numbers.sent.length).toBeLessThanOrEqual(700);
    expect(numbers.sent.length).toBeGreaterThan(100);
    await deployment.store.change('slow', 'cancel');
  });
});
