import type { BackfillRange, OpenBackfill } from '../kind.js';
import type { Backfill } from './backfill.js';
import type { BackfillStore } from './store.js';

const ADDED_AT_ONCE = 100;

/**
 * Finds the ranges of a backfill and adds those that are not known yet. Ends early, to be called again, where enough ranges are known for
 * now, or when `signal` aborts. A plan that was cut off begins again: the same source gives the same ranges.
 *
 * @returns the ranges seen
 * @throws what the source is wrong with
 */
export async function planRanges(
  backfill: Backfill,
  opened: OpenBackfill,
  store: Pick<BackfillStore, 'addRanges' | 'finishPlan'>,
  signal: AbortSignal,
): Promise<number> {
  let seen = 0;
  let batch: BackfillRange[] = [];
  const add = async () => {
    const full = batch;
    batch = [];
    return full.length === 0 ? 'more' : store.addRanges(backfill, full);
  };
  for await (const range of opened.plan()) {
    if (signal.aborted) return seen;
    seen += 1;
    if (range.ordinal < backfill.counts.rangesPlanned) continue;
    batch.push(range);
    if (batch.length >= ADDED_AT_ONCE && (await add()) !== 'more') return seen;
  }
  const last = await add();
  if (last !== 'ended' && !signal.aborted) await store.finishPlan(backfill);
  return seen;
}
