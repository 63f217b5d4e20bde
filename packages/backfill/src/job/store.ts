import type { BackfillRange, RowError } from '../kind.js';
import type { Backfill, BackfillAction, BackfillState, FailedRange, NewBackfill } from './backfill.js';
import type { FlowStatus } from './flow.js';

/** A backfill, never another one of the same name. */
export type BackfillRef = Pick<Backfill, 'name' | 'id'>;

/** A range in the hands of one worker. Whoever claims it later takes it away: the earlier claim then can change nothing any more. */
export interface RangeClaim extends BackfillRef {
  readonly range: BackfillRange;
  readonly token: string;
  /** Rows that earlier attempts have dealt with durably. */
  readonly rowsDone: number;
}

/** What has become of a range. */
export type RangeEnd =
  | { readonly kind: 'done' }
  /** It goes on later from where it is: paused, or others had to have their turn. */
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/** What is known of backfills, durably. Every method throws QUEUE_UNAVAILABLE when the store does not answer. */
export interface BackfillStore {
  /** Throws USAGE when there is one of this name. */
  create(backfill: NewBackfill): Promise<Backfill>;
  get(name: string): Promise<Backfill | null>;
  /** The newest first; of those that have ended the latest hundred are remembered. */
  list(): Promise<Backfill[]>;
  /** Does what somebody asks for, with another ceiling of row errors when given. Throws USAGE where it cannot be done. */
  change(name: string, action: BackfillAction, options?: { readonly maxErrors?: number }): Promise<Backfill>;
  failedRanges(name: string): Promise<FailedRange[]>;
  /** The first rows that could not be sent, at most {@link MAX_REPORTED_ERRORS}. */
  rowErrors(name: string): Promise<RowError[]>;

  /**
   * Adds ranges that follow each other; those that are known already are passed over. `full`: enough for now, go on when
   * `rangesPending` is small. `ended`: it is not to be planned any more.
   */
  addRanges(ref: BackfillRef, ranges: readonly BackfillRange[]): Promise<'more' | 'full' | 'ended'>;
  /** All ranges were added. */
  finishPlan(ref: BackfillRef): Promise<void>;
  /** Ends a backfill that cannot go on. */
  fail(ref: BackfillRef, reason: string): Promise<void>;
  /** Hands out pending ranges until `max` are open. Returns the ordinals of all open ones. */
  openRanges(ref: BackfillRef, max: number): Promise<number[]>;

  /** Takes a range. Null: it is not there to be worked on now. A range that ended its worker ten times without getting on is kept as failed. */
  claim(ref: BackfillRef, ordinal: number): Promise<RangeClaim | null>;
  /** Returns false when the claim was lost. `sent` counts since the last call. */
  checkpoint(claim: RangeClaim, progress: { readonly rowsDone: number; readonly sent: number }): Promise<boolean>;
  /** Records a row that cannot be sent, once however often it is reported. Returns false when there are too many, and fails the backfill. */
  addRowError(ref: BackfillRef, error: RowError): Promise<boolean>;
  /** Gives a range back. Does nothing when the claim was lost. */
  endRange(claim: RangeClaim, end: RangeEnd): Promise<void>;
  /** The states of backfills; `gone` for what is not there any more. */
  states(refs: readonly BackfillRef[]): Promise<(BackfillState | 'gone')[]>;

  /** Asks to send rows. `rate`: ceiling of this backfill. Returns 0 when they may be sent, else after how many milliseconds to ask again. */
  admit(ref: BackfillRef, rows: number, rate?: number): Promise<number>;
  /** Rows admitted ever, of all backfills of the deployment. */
  admitted(): Promise<number>;
  /** Publishes the flow control's decision, and allows so many rows in all until the next one. */
  setFlow(flow: FlowStatus): Promise<void>;
  /** The last decision; null before the first. */
  flow(): Promise<FlowStatus | null>;

  /** Says that a worker lives. */
  beat(workerId: string): Promise<void>;
  /** Says that a worker ends. */
  leave(workerId: string): Promise<void>;
  /** Workers that have said so lately. */
  workers(): Promise<string[]>;
  /** Whether this worker is the one that plans, hands out and measures for all. */
  lead(workerId: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Row errors that are kept with a backfill; further ones are only counted. */
export const MAX_REPORTED_ERRORS = 10_000;

/** A job of the queue: a range, or the search for ranges. */
export interface BackfillJob extends BackfillRef {
  /** Absent: plan. */
  readonly ordinal?: number;
  readonly priority: number;
}

/** What a worker makes of a job. `again`: behind the others that wait. */
export type JobEnd = 'done' | 'again';

/** Hands jobs to workers, by priority, those of one priority in order. Throws QUEUE_UNAVAILABLE. */
export interface JobQueue {
  /** Adds jobs; one that is there already, waiting or at work, is left as it is. */
  add(jobs: readonly BackfillJob[]): Promise<void>;
  /** Works on jobs until `close`. One whose handler throws comes again after a back-off; one whose worker dies goes to another. */
  work(handle: (job: BackfillJob) => Promise<JobEnd>, options: { readonly concurrency: number }): Promise<void>;
  /** The first jobs that wait for a worker, the most urgent first. */
  waiting(max: number): Promise<BackfillJob[]>;
  /** Ends what `work` began; resolves when no handler is under way. */
  close(): Promise<void>;
}
