import type { BackfillRange, OpenBackfill, RangeContext, RowError } from '../../src/kind.js';

export interface Told {
  readonly ranges: readonly BackfillRange[];
  readonly errors: readonly RowError[];
  /** Sum of what checkpoints said was sent. */
  readonly rowsSent: number;
  readonly lastRowsDone: number;
}

export interface RunOptions {
  readonly beforeRun?: () => unknown;
  /** Every range is stopped after so many checkpoints, and run again from the last of them. */
  readonly stopAfterCheckpoints?: number;
}

/** Plans a backfill and runs all its ranges, as a worker would. */
export async function runAll(
  opened: OpenBackfill,
  { beforeRun, stopAfterCheckpoints = Number.POSITIVE_INFINITY }: RunOptions = {},
): Promise<Told> {
  const [ranges, errors]: [BackfillRange[], RowError[]] = [[], []];
  for await (const range of opened.plan()) ranges.push(range);
  let [rowsSent, lastRowsDone] = [0, 0];
  beforeRun?.();
  for (const range of ranges) {
    lastRowsDone = 0;
    let left = stopAfterCheckpoints;
    const stop = new Error('stopped');
    const context = (): RangeContext => ({
      rowsDone: lastRowsDone,
      admit: async () => {
        if (left <= 0) throw stop;
      },
      async checkpoint({ rowsDone, sent }) {
        if (rowsDone < lastRowsDone) throw new Error('a checkpoint went back');
        lastRowsDone = rowsDone;
        rowsSent += sent;
        left -= 1;
      },
      rowError: async (error) => void errors.push(error),
      signal: new AbortController().signal,
    });
    // Like JSON: that is how it is stored.
    const stored = JSON.parse(JSON.stringify(range)) as BackfillRange;
    await opened.run(stored, context()).catch(async (error: unknown) => {
      if (error !== stop) throw error;
      left = Number.POSITIVE_INFINITY;
      await opened.run(stored, context());
    });
  }
  await opened.close();
  return { ranges, errors, rowsSent, lastRowsDone };
}
