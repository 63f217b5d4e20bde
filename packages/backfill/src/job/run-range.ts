import { describeError, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { sleep } from '@labelstream/shared/stream/wake-up';
import type { OpenBackfill, RangeContext, RowError } from '../kind.js';
import type { Backfill } from './backfill.js';
import type { BackfillStore, RangeClaim, RangeEnd } from './store.js';

/** Small enough that an allowance is shared by all workers, and large enough that asking for it costs nothing. */
export const MAX_ADMITTED_AT_ONCE = 256;

export interface RunRangeDeps {
  readonly store: Pick<BackfillStore, 'admit' | 'checkpoint' | 'addRowError'>;
  readonly backfill: Backfill;
  readonly claim: RangeClaim;
  readonly open: () => Promise<OpenBackfill>;
  /** Ends the range from outside and from within. */
  readonly stop: AbortController;
  readonly onProgress: (rows: { readonly read: number; readonly sent: number }) => void;
  readonly onRowError: (error: RowError) => void;
}

/**
 * Works on a range until it is through or stopped.
 *
 * @returns what has become of it
 * @throws what may be gone later: the range then comes again after a back-off
 */
export async function runRange(deps: RunRangeDeps): Promise<RangeEnd> {
  const { claim, open, stop } = deps;
  try {
    const opened = await open();
    stop.signal.throwIfAborted();
    await opened.run(claim.range, contextOf(deps));
    return { kind: 'done' };
  } catch (error) {
    if (stop.signal.aborted) return { kind: 'released' };
    if (isLabelstreamError(error)) {
      if (error.retriable) throw error;
      return { kind: 'failed', code: error.code, message: error.message };
    }
    return { kind: 'failed', code: 'STAGE_FAILED', message: describeError(error) };
  }
}

function contextOf({ store, backfill, claim, stop, onProgress, onRowError }: RunRangeDeps): RangeContext {
  const { signal } = stop;
  // With a low ceiling no more than a second's worth, or the first rows would all be there at once.
  const handful = Math.min(MAX_ADMITTED_AT_ONCE, backfill.rate ?? MAX_ADMITTED_AT_ONCE);
  let rowsDone = claim.rowsDone;

  /** The range is somebody else's, or its backfill has ended: nothing more may come of it. */
  function giveUp(why: string): never {
    stop.abort(new LabelstreamError('QUEUE_UNAVAILABLE', why));
    throw signal.reason;
  }

  async function admitPart(rows: number): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = await store.admit(backfill, rows, backfill.rate);
      if (waitMs === 0) return;
      await sleep(waitMs, signal);
    }
  }

  return {
    rowsDone,
    signal,
    async admit(count) {
      for (let left = count; left > 0; left -= handful) await admitPart(Math.min(left, handful));
      signal.throwIfAborted();
    },
    async checkpoint(progress) {
      if (!(await store.checkpoint(claim, progress))) giveUp('the range went to another worker');
      onProgress({ read: progress.rowsDone - rowsDone, sent: progress.sent });
      rowsDone = progress.rowsDone;
    },
    async rowError(error) {
      onRowError(error);
      if (!(await store.addRowError(claim, error))) giveUp('too many rows cannot be sent');
    },
  };
}
