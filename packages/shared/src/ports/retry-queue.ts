/** An event that is to come back later, because its image could not be had or because its claim checks keep vanishing. */
export interface RetryJob {
  /** Deterministic, for a late image `<productId>:<version>:<attempt>`: adding it twice plans it once. */
  readonly id: string;
  readonly lane: 'live' | 'backfill';
  /** Attempts made so far; becomes the revision of the next pass, unless that is named. */
  readonly attempt: number;
  /** Set for a listing that was sent back: it comes again as it was. */
  readonly sentBack?: { readonly revision: number; readonly requeue: number; readonly replays?: number };
  /** The event as JSON text, exactly as it will be produced again. */
  readonly event: string;
  /** Error code of the last attempt. */
  readonly reason: string;
  /** Epoch milliseconds of the event's first arrival. */
  readonly receivedAt: number;
}

/** Durable delayed retries. Throws QUEUE_UNAVAILABLE when the queue does not answer. */
export interface RetryQueue {
  /** Plans a job; resolves when it is durable. */
  schedule(job: RetryJob, delayMs: number): Promise<void>;
  /** Hands due jobs to `handle`, one at a time per process; a handler that throws sees the job again. */
  consume(handle: (job: RetryJob) => Promise<void>): Promise<void>;
  /** Jobs not yet handed out. */
  pending(): Promise<number>;
  close(): Promise<void>;
}
