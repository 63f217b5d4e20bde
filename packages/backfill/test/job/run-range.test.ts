import { LabelstreamError } from '@labelstream/shared/errors';
import { describe, expect, it } from 'vitest';
import type { Backfill } from '../../src/job/backfill.js';
import { MAX_ADMITTED_AT_ONCE, type RunRangeDeps, runRange } from '../../src/job/run-range.js';
import type { OpenBackfill } from '../../src/kind.js';

const range = { ordinal: 0, name: 'r', where: null };

/** Runs a range whose source does `run`; remembers what was asked of the store. */
function prepare(run: OpenBackfill['run'], over: Partial<RunRangeDeps['store']> = {}, rate?: number) {
  const asked: number[] = [];
  const progress: { read: number; sent: number }[] = [];
  const stop = new AbortController();
  const deps: RunRangeDeps = {
    store: {
      admit: async (_, rows) => {
        asked.push(rows);
        return 0;
      },
      checkpoint: async () => true,
      addRowError: async () => true,
      ...over,
    },
    backfill: { name: 'b', id: 'i', ...(rate === undefined ? {} : { rate }) } as Backfill,
    claim: { name: 'b', id: 'i', token: 't', range, rowsDone: 3 },
    open: async () => ({ plan: async function* () {}, run, close: async () => {} }),
    stop,
    onProgress: (rows) => progress.push({ ...rows }),
    onRowError: () => {},
  };
  return { asked, progress, stop, end: () => runRange(deps) };
}

describe('a range', () => {
  it('asks for rows in handfuls, goes on where it was and tells its progress', async () => {
    const { asked, progress, end } = prepare(async (_, { rowsDone, admit, checkpoint }) => {
      await admit(2 * MAX_ADMITTED_AT_ONCE + 1);
      await checkpoint({ rowsDone: rowsDone + 4, sent: 4 });
      await checkpoint({ rowsDone: rowsDone + 10, sent: 5 });
    });
    expect(await end()).toEqual({ kind: 'done' });
    expect(asked).toEqual([MAX_ADMITTED_AT_ONCE, MAX_ADMITTED_AT_ONCE, 1]);
    expect(progress).toEqual([
      { read: 4, sent: 4 },
      { read: 6, sent: 5 },
    ]);
  });

  it('asks for no more at once than its ceiling allows in a second', async () => {
    const { asked, end } = prepare((_, { admit }) => admit(25), {}, 10);
    await end();
    expect(asked).toEqual([10, 10, 5]);
  });

  it('comes again when what failed may be gone later, and is kept with its reason otherwise', async () => {
    const down = new LabelstreamError('BROKER_UNAVAILABLE', 'away');
    await expect(prepare(async () => Promise.reject(down)).end()).rejects.toBe(down);
    const wrong = new LabelstreamError('SOURCE_INVALID', 'cut short');
    expect(await prepare(async () => Promise.reject(wrong)).end()).toEqual({
      kind: 'failed',
      code: 'SOURCE_INVALID',
      message: 'cut short',
    });
    expect(await prepare(async () => Promise.reject(new TypeError('oops'))).end()).toEqual({
      kind: 'failed',
      code: 'STAGE_FAILED',
      message: 'TypeError: oops',
    });
  });

  it('lets go at once when it is stopped while it waits to send', async () => {
    const { stop, end } = prepare((_, { admit }) => admit(1), { admit: async () => 60_000 });
    setTimeout(() => stop.abort(new LabelstreamError('QUEUE_UNAVAILABLE', 'paused')), 20);
    expect(await end()).toEqual({ kind: 'released' });
  });

  it('stops when it has become another worker’s, and when too many rows cannot be sent', async () => {
    const lost = prepare((_, { checkpoint }) => checkpoint({ rowsDone: 4, sent: 1 }), { checkpoint: async () => false });
    expect(await lost.end()).toEqual({ kind: 'released' });
    expect(lost.progress).toEqual([]);
    const error = { origin: 'o', position: 1, code: 'EVENT_INVALID', message: '' };
    expect(await prepare((_, { rowError }) => rowError(error), { addRowError: async () => false }).end()).toEqual({ kind: 'released' });
  });
});
