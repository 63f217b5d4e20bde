import type { BackfillRange, Json } from '../kind.js';

/**
 * Where a backfill stands. `planning`: its ranges are being found, nothing is sent. `running`: ranges are sent, or wait for a worker.
 * `failed`: the source cannot be used, too many rows cannot be sent, or ranges are left that could not be.
 */
export type BackfillState = 'planning' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

/** States in which a backfill still wants to be worked on. */
const ACTIVE_STATES: readonly BackfillState[] = ['planning', 'running', 'paused'];

/** Smallest is most urgent; every job has one, because BullMQ runs a job without priority before all others. */
export const PRIORITY = { mostUrgent: 1, byDefault: 50, leastUrgent: 1000 } as const;

/** Where listings come from. */
export type BackfillFrom = 'listings' | 'topic' | 'tokens';

/** What somebody asks for. */
export interface NewBackfill {
  /** Unique within a deployment: {@link isBackfillName}. */
  readonly name: string;
  readonly from: BackfillFrom;
  /** For the kind of backfill that `from` names. */
  readonly spec: Json;
  readonly priority: number;
  /** Ceiling of rows per second; absent: flow control alone decides. */
  readonly rate?: number;
  /** Rows that may turn out not to be sendable; one more fails the backfill. */
  readonly maxErrors: number;
}

/** Counts of a backfill so far. Each row is counted once, also when it had to be sent again. */
export interface BackfillCounts {
  /** Ranges found so far; all of them when `planComplete`. */
  readonly rangesPlanned: number;
  readonly rangesDone: number;
  readonly rangesFailed: number;
  /** Handed to the workers and not done. */
  readonly rangesOpen: number;
  readonly rangesPending: number;
  /** Rows of the planned ranges, as far as the source knows them before it is read; 0: not known. */
  readonly rowsEstimated: number;
  readonly rowsRead: number;
  readonly rowsSent: number;
  readonly rowErrors: number;
}

/** A backfill as it is now. Times are epoch milliseconds. */
export interface Backfill extends NewBackfill {
  /** Tells it from any other backfill that ever has the same name. */
  readonly id: string;
  readonly state: BackfillState;
  readonly planComplete: boolean;
  readonly counts: BackfillCounts;
  readonly createdAtMs: number;
  /** When the first range was handed out. */
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  /** Why it failed. */
  readonly reason?: string;
}

/** A range that could not be sent, and why. */
export interface FailedRange {
  readonly range: BackfillRange;
  readonly rowsDone: number;
  readonly code: string;
  readonly message: string;
}

/** What somebody may do with a backfill. */
export type BackfillAction = 'pause' | 'resume' | 'cancel' | 'retry';

/** The state after an action: `work` is `running` once it was planned far enough, else `planning`. */
type Next = BackfillState | 'work';

const TRANSITIONS: Readonly<Record<BackfillAction, Readonly<Partial<Record<BackfillState, Next>>>>> = {
  pause: { planning: 'paused', running: 'paused' },
  resume: { paused: 'work' },
  cancel: { planning: 'cancelled', running: 'cancelled', paused: 'cancelled', failed: 'cancelled' },
  // Failed ranges of one that still runs need not wait for the others.
  retry: { failed: 'work', running: 'running', paused: 'paused' },
};

/** The state that an action leads to, or null where it cannot be done. */
export function nextState(state: BackfillState, action: BackfillAction, wasStarted: boolean): BackfillState | null {
  const next = TRANSITIONS[action][state];
  if (next === 'work') return wasStarted ? 'running' : 'planning';
  return next ?? null;
}

export const isActive = (state: BackfillState): boolean => ACTIVE_STATES.includes(state);

/** Whether a name can be used for keys, files and command lines as it is. */
export const isBackfillName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
