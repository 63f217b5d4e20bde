import type { Backfill, BackfillState } from '@labelstream/backfill/job/backfill';
import { LabelstreamError } from '@labelstream/shared/errors';
import { describe, expect, it } from 'vitest';
import { follow } from '../../src/backfill/follow.js';
import { createOutput } from '../../src/output.js';
import { fakeStream } from '../fake-terminal.js';

const backfill = (state: BackfillState, rowsRead: number): Backfill => ({
  name: 'b',
  id: 'x',
  from: 'listings',
  spec: null,
  priority: 50,
  maxErrors: 100,
  state,
  planComplete: true,
  createdAtMs: 0,
  startedAtMs: 0,
  counts: {
    rangesPlanned: 1,
    rangesDone: 0,
    rangesFailed: 0,
    rangesOpen: 1,
    rangesPending: 0,
    rowsEstimated: 100,
    rowsRead,
    rowsSent: rowsRead,
    rowErrors: 0,
  },
});

/** Answers with one after the other; an error is thrown. */
const answers = (...all: (Backfill | Error | null)[]) => ({
  get: async () => {
    const next = all.shift() ?? null;
    if (next instanceof Error) throw next;
    return next;
  },
});

function deps(store: ReturnType<typeof answers>, json: boolean, signal = new AbortController().signal) {
  const terminal = { stdout: fakeStream(), stderr: fakeStream() };
  let nowMs = 0;
  const now = () => (nowMs += 3000);
  return { terminal, follow: () => follow('b', { store, output: createOutput({ ...terminal, colours: false, now }), json, signal, now }) };
}

describe('following a backfill', () => {
  it('says how it gets on, line by line, until it ends', async () => {
    const { terminal, follow: run } = deps(answers(backfill('running', 10), backfill('running', 60), backfill('done', 100)), true);
    expect(await run()).toMatchObject({ state: 'done' });
    const lines = terminal.stdout
      .text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ rowsRead }) => rowsRead)).toEqual([10, 60]);
    expect(lines[1]).toMatchObject({ state: 'running', rowsPerSecond: expect.any(Number) });
  });

  it('goes on through an outage of the store, and ends where the backfill is gone', async () => {
    const down = new LabelstreamError('QUEUE_UNAVAILABLE', 'away');
    expect(await deps(answers(backfill('running', 1), down, backfill('failed', 1)), false).follow()).toMatchObject({ state: 'failed' });
    await expect(deps(answers(null), false).follow()).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort('SIGINT'), 50);
    await expect(deps(answers(backfill('running', 1)), false, stop.signal).follow()).rejects.toBeDefined();
  });
});
