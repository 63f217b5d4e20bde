import type { Backfill } from './backfill.js';

/** How far a backfill is. */
export interface BackfillProgress {
  /** 0..1; 0 while nothing is known. */
  readonly share: number;
  /** Rows in all, as well as they can be told now; 0: not known. */
  readonly rowsTotal: number;
  readonly rowsPerSecond: number;
  /** Absent where it cannot be told. */
  readonly secondsLeft?: number;
}

/** A count of rows at a moment, to tell the speed from. */
export interface RowsAt {
  readonly atMs: number;
  readonly rowsRead: number;
}

/**
 * How far a backfill is, and when it will be through at the speed since `before`; without `before`, at its mean speed since its start.
 */
export function progressOf(
  { counts, state, planComplete, startedAtMs, endedAtMs }: Backfill,
  nowMs: number,
  before?: RowsAt,
): BackfillProgress {
  const since = before ?? { atMs: startedAtMs ?? nowMs, rowsRead: 0 };
  const seconds = ((endedAtMs ?? nowMs) - since.atMs) / 1000;
  const rowsPerSecond = seconds <= 0 ? 0 : Math.max(0, counts.rowsRead - since.rowsRead) / seconds;
  const rowsTotal = state === 'done' ? counts.rowsRead : Math.max(counts.rowsEstimated, counts.rowsRead);
  const byRows = rowsTotal === 0 ? 0 : counts.rowsRead / rowsTotal;
  const byRanges = counts.rangesPlanned === 0 ? 0 : counts.rangesDone / counts.rangesPlanned;
  const share = state === 'done' ? 1 : Math.min(1, counts.rowsEstimated > 0 ? byRows : byRanges);
  const base = { share, rowsTotal: counts.rowsEstimated > 0 || state === 'done' ? rowsTotal : 0, rowsPerSecond };
  const canTell = planComplete && state === 'running' && counts.rowsEstimated > 0 && rowsPerSecond > 0;
  return canTell ? { ...base, secondsLeft: (rowsTotal - counts.rowsRead) / rowsPerSecond } : base;
}
