import { setTimeout as sleep } from 'node:timers/promises';
import { type Backfill, isActive } from '@labelstream/backfill/job/backfill';
import { progressOf, type RowsAt } from '@labelstream/backfill/job/progress';
import type { BackfillStore } from '@labelstream/backfill/job/store';
import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import type { Output } from '../output.js';
import { backfillDocument, progressDetail } from './document.js';

const LOOK_EVERY_MS = 500;
const LINE_EVERY_MS = 2000;
/** The speed is that of the last while, so that a pause or a slow start does not spoil the estimate. */
const SPEED_OVER_MS = 20_000;

export interface FollowDeps {
  readonly store: Pick<BackfillStore, 'get'>;
  readonly output: Output;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** Shows how a backfill gets on until it ends, also through an outage of the state Redis. Throws the reason of `signal`. */
export async function follow(name: string, { store, output, json, signal, now }: FollowDeps): Promise<Backfill> {
  const bar = json ? null : output.progress(name);
  const speeds: RowsAt[] = [];
  let saidAtMs = 0;
  try {
    for (;;) {
      const backfill = await look(name, store);
      if (backfill !== null) {
        const nowMs = now();
        const before = remember(speeds, { atMs: nowMs, rowsRead: backfill.counts.rowsRead });
        bar?.update(backfill.counts.rowsRead, progressOf(backfill, nowMs).rowsTotal, progressDetail(backfill, nowMs, before));
        if (!isActive(backfill.state)) return backfill;
        if (json && nowMs - saidAtMs >= LINE_EVERY_MS) {
          saidAtMs = nowMs;
          await output.printJson(backfillDocument(backfill, nowMs, before));
        }
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  } finally {
    bar?.end();
  }
}

/** Null while the store does not answer. */
async function look(name: string, store: FollowDeps['store']): Promise<Backfill | null> {
  try {
    const backfill = await store.get(name);
    if (backfill === null) throw new LabelstreamError('USAGE', `There is no backfill "${name}" any more.`);
    return backfill;
  } catch (error) {
    if (isLabelstreamError(error, 'QUEUE_UNAVAILABLE')) return null;
    throw error;
  }
}

/** Adds a count, forgets what is too old, and returns the oldest; undefined while the time is too short to tell a speed. */
function remember(speeds: RowsAt[], at: RowsAt): RowsAt | undefined {
  speeds.push(at);
  while ((speeds[1]?.atMs ?? at.atMs) < at.atMs - SPEED_OVER_MS) speeds.shift();
  const oldest = speeds[0];
  return oldest === undefined || at.atMs - oldest.atMs < 2 * LOOK_EVERY_MS ? undefined : oldest;
}
