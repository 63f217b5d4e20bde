import type { Backfill } from '@labelstream/backfill/job/backfill';
import { describe, expect, it } from 'vitest';
import {
  backfillDocument,
  duration,
  exitCodeFor,
  flowDocument,
  listText,
  progressDetail,
  statusText,
} from '../../src/backfill/document.js';
import { createOutput } from '../../src/output.js';
import { fakeStream } from '../fake-terminal.js';

const backfill: Backfill = {
  name: 'whole',
  id: 'x',
  from: 'listings',
  spec: null,
  priority: 50,
  maxErrors: 100,
  state: 'running',
  planComplete: true,
  createdAtMs: 0,
  startedAtMs: 0,
  counts: {
    rangesPlanned: 4,
    rangesDone: 1,
    rangesFailed: 0,
    rangesOpen: 2,
    rangesPending: 1,
    rowsEstimated: 1000,
    rowsRead: 250,
    rowsSent: 248,
    rowErrors: 2,
  },
};
const flow = {
  atMs: 0,
  admitted: 1,
  inFlight: 10,
  liveLag: 0,
  liveLatencyMs: 120.4,
  windowRows: 128,
  allowedRows: 118,
  rateCap: 40,
  drainPerSecond: 32.5,
  restLatencyMs: 80,
};
const output = createOutput({ stdout: fakeStream(), stderr: fakeStream(), colours: false, now: () => 0 });

describe('what is said of a backfill', () => {
  it('as JSON has its state, its numbers and when it will be through', () => {
    expect(backfillDocument(backfill, 10_000)).toMatchObject({
      name: 'whole',
      state: 'running',
      share: 0.25,
      rowsTotal: 1000,
      rowsRead: 250,
      rowsSent: 248,
      rowsPassedOver: 0,
      rowErrors: 2,
      rowsPerSecond: 25,
      secondsLeft: 30,
      rate: null,
      ranges: { planned: 4, allPlanned: true, done: 1, failed: 0, open: 2, pending: 1 },
    });
    expect(flowDocument(flow)).toMatchObject({ windowRows: 128, inFlight: 10, rateCap: 40, liveP99Ms: 120.4, liveP99AtRestMs: 80 });
    expect(flowDocument(null)).toBeNull();
  });

  it('for people says the same, and what to do where nobody works', () => {
    expect(progressDetail(backfill, 10_000)).toBe('25 rows/s, 30s left, 2 row errors');
    expect(listText([backfill], 10_000, output)).toContain('25%');
    expect(listText([], 10_000, output)).toContain('backfill start');
    const text = statusText({ ...backfill, reason: 'because' }, flow, 0, 10_000, output);
    for (const said of [
      'because',
      '250 read of about 1000: 248 sent, 2 cannot be sent (at most 100)',
      'labelstream up',
      '10 of 128 rows in flight',
      'held to 40 rows/s',
      'live p99 120 ms (80 ms at rest)',
    ])
      expect(text).toContain(said);
  });

  it('tells what was read from what was sent, where rows are passed over', () => {
    const chosen = { ...backfill, counts: { ...backfill.counts, rowsRead: 250, rowsSent: 30, rowErrors: 0 } };
    expect(backfillDocument(chosen, 10_000)).toMatchObject({ rowsRead: 250, rowsSent: 30, rowsPassedOver: 220 });
    expect(progressDetail(chosen, 10_000)).toBe('25 rows/s, 30s left, 30 sent');
    expect(statusText(chosen, null, 1, 10_000, output)).toContain('250 read of about 1000: 30 sent, 220 passed over, 0 cannot be sent');
    const [titles, , row] = listText([chosen], 10_000, output).split('\n');
    expect(titles!.trim().split(/ {2,}/)).toEqual('name from state priority done read sent errors read/s left'.split(' '));
    expect(row!.trim().split(/ {2,}/)).toEqual('whole listings running 50 25% 250 30 0 25 30s'.split(' '));
  });

  it('as an exit code tells how it ended', () => {
    const ended = (state: Backfill['state'], rowErrors = 0) =>
      exitCodeFor({ ...backfill, state, counts: { ...backfill.counts, rowErrors } });
    expect([ended('done'), ended('done', 1), ended('failed', 1), ended('cancelled', 1)]).toEqual([0, 3, 1, 4]);
  });

  it('names times that people can read', () => {
    expect([0, 59.2, 60, 3599, 3600, 90_061].map(duration)).toEqual(['0s', '1m 00s', '1m 00s', '59m 59s', '1h 00m', '25h 01m']);
  });
});
