import { isLabelstreamError } from '@labelstream/shared/errors';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import type { RangeContext, RowError } from '../kind.js';

const ROWS_AT_ONCE = 200;

/** What becomes of a row: a message, or an error that is reported; undefined where it is not wanted. */
export type Decision = { readonly record: OutRecord; readonly position: number } | { readonly error: RowError } | undefined;

export interface SendRange<Row> {
  /** In order, the same whenever the range is read. */
  readonly rows: AsyncIterable<readonly Row[]>;
  readonly decide: (row: Row) => Decision | Promise<Decision>;
  /** Only the first so many that are wanted. */
  readonly take?: number;
  readonly origin: string;
  readonly producer: RecordProducer;
  readonly context: RangeContext;
}

/**
 * Sends the rows of a range in order: each chunk is admitted, sent and only then counted as done. When reading fails, the rows before are sent
 * first. A chunk that was sent but not counted, because the process ended in between, is sent again.
 */
export async function sendRange<Row>({
  rows,
  decide,
  take = Number.POSITIVE_INFINITY,
  origin,
  producer,
  context,
}: SendRange<Row>): Promise<void> {
  let chunk: Exclude<Decision, undefined>[] = [];
  let [rowsRead, wanted] = [0, 0];

  async function flush(): Promise<void> {
    const records = chunk.flatMap((each) => ('record' in each ? [each] : []));
    const refused = new Map<number, RowError>();
    if (records.length > 0) {
      await context.admit(records.length);
      for (const error of await sendAll(producer, records, origin)) refused.set(error.position, error);
    }
    for (const each of chunk) {
      const error = 'error' in each ? each.error : refused.get(each.position);
      if (error !== undefined) await context.rowError(error);
    }
    chunk = [];
    if (rowsRead > context.rowsDone) await context.checkpoint({ rowsDone: rowsRead, sent: records.length - refused.size });
  }

  /** Returns whether more rows are wanted. */
  async function next(row: Row): Promise<boolean> {
    const isDone = rowsRead < context.rowsDone;
    const decision = await decide(row);
    rowsRead += 1;
    if (decision === undefined) return true;
    wanted += 1;
    if (!isDone) chunk.push(decision);
    if (chunk.length >= ROWS_AT_ONCE) await flush();
    return wanted < take;
  }

  let isSending = false;
  try {
    for await (const some of rows) {
      for (const row of some) {
        context.signal.throwIfAborted();
        isSending = true;
        if (!(await next(row))) return await flush();
        isSending = false;
      }
    }
  } catch (error) {
    // Only when reading failed: what could not be sent is not tried once more.
    if (!isSending && !context.signal.aborted) await flush();
    throw error;
  }
  await flush();
}

/** Sends records; returns those that Kafka does not take because they are too large, once they are known one by one. */
async function sendAll(
  producer: RecordProducer,
  records: readonly { readonly record: OutRecord; readonly position: number }[],
  origin: string,
): Promise<RowError[]> {
  try {
    await producer.send(records.map(({ record }) => record));
    return [];
  } catch (error) {
    if (!isLabelstreamError(error, 'EVENT_TOO_LARGE')) throw error;
    const [only] = records;
    if (only !== undefined && records.length === 1) return [{ origin, position: only.position, code: error.code, message: error.message }];
  }
  const refused: RowError[] = [];
  for (const record of records) refused.push(...(await sendAll(producer, [record], origin)));
  return refused;
}
