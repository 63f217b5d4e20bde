import { LabelstreamError } from '@labelstream/shared/errors';
import type { BackfillKind, BackfillRange, RangeContext } from '../../src/kind.js';

/** A source of whole numbers: `ranges` ranges of `rows` rows each. */
export type NumbersSpec = {
  readonly ranges: number;
  readonly rows: number;
  /** Rows between two checkpoints. */
  readonly every?: number;
  readonly rowMs?: number;
  /** Every so many rows one cannot be sent. */
  readonly badEvery?: number;
  /** Ranges that fail for good as long as `isBroken` says so. */
  readonly brokenRange?: number;
  /** Not there at all. */
  readonly missing?: boolean;
};

export interface Numbers {
  readonly kind: BackfillKind;
  /** Every row sent, by what it was sent for, in order, with repetitions. */
  readonly sent: { readonly source: string; readonly row: number; readonly worker: string }[];
  broken: boolean;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Creates a source whose rows are written down instead of sent. `worker` gives a view of the same source for another process. */
export function createNumbers(source: string): Numbers & { forWorker(name: string): BackfillKind } {
  const numbers = { sent: [] as { source: string; row: number; worker: string }[], broken: true };

  async function sendRow(row: number, { badEvery }: NumbersSpec, context: RangeContext, worker: string): Promise<number> {
    if (badEvery !== undefined && row % badEvery === 0) {
      await context.rowError({ origin: source, position: row + 1, code: 'EVENT_INVALID', message: 'no number' });
      return 0;
    }
    numbers.sent.push({ source, row, worker });
    return 1;
  }

  async function runRows(spec: NumbersSpec, range: BackfillRange, context: RangeContext, worker: string): Promise<void> {
    const { rows, every = 10, rowMs = 0 } = spec;
    if (range.ordinal === spec.brokenRange && numbers.broken) throw new LabelstreamError('SOURCE_INVALID', 'this range is broken');
    let sent = 0;
    for (let i = context.rowsDone; i < rows; i += 1) {
      const row = range.ordinal * rows + i;
      await context.admit(1);
      if (rowMs > 0) await sleep(rowMs);
      sent += await sendRow(row, spec, context, worker);
      if ((i + 1) % every === 0 || i + 1 === rows) {
        await context.checkpoint({ rowsDone: i + 1, sent });
        sent = 0;
      }
    }
  }

  const forWorker = (worker: string): BackfillKind => ({
    async open(given) {
      const spec = given as unknown as NumbersSpec;
      if (spec.missing === true) throw new LabelstreamError('SOURCE_INVALID', 'there are no numbers here');
      return {
        async *plan() {
          for (let ordinal = 0; ordinal < spec.ranges; ordinal += 1)
            yield { ordinal, name: `range ${ordinal}`, estimatedRows: spec.rows, where: { none: [] } };
        },
        run: (range, context) => runRows(spec, range, context, worker),
        close: async () => {},
      };
    },
  });
  return Object.assign(numbers, { kind: forWorker('only'), forWorker });
}
