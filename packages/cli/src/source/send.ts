import { eventOf } from '@labelstream/backfill/source/event';
import type { SourceRow } from '@labelstream/backfill/source/row';
import type { Lane } from '@labelstream/shared/events/lane';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import type { Connection } from '../connect.js';
import type { DropPlan } from './drop.js';

const SEND_AT_ONCE = 500;

export interface SendOptions {
  readonly rows: AsyncIterable<SourceRow>;
  readonly connection: Pick<Connection, 'broker' | 'codecs' | 'topics'>;
  readonly lane: Lane;
  readonly uriOf: (row: SourceRow) => string | undefined;
  readonly drop: DropPlan;
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
}

/** Sends rows as events, in order; returns how many. When a row cannot be read, those before it have been sent. */
export async function sendAll({ rows, connection, lane, uriOf, drop, signal, onProgress }: SendOptions): Promise<number> {
  const { broker, codecs, topics } = connection;
  const topic = topics.of('events', lane);
  const producer = await broker.producer();
  let batch: OutRecord[] = [];
  let sent = 0;
  const flush = async () => {
    if (batch.length > 0) await producer.send(batch);
    sent += batch.length;
    batch = [];
    onProgress(sent);
  };
  try {
    for await (const row of rows) {
      signal.throwIfAborted();
      const event = eventOf(row, uriOf(row), drop(row.productId), Date.now());
      batch.push({ topic, key: row.productId, value: codecs.productEvent.encode(event) });
      if (batch.length >= SEND_AT_ONCE) await flush();
    }
    await flush();
    return sent;
  } catch (error) {
    await flush();
    throw error;
  } finally {
    await producer.close();
  }
}
