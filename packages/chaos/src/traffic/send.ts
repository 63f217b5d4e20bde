import { isLabelstreamError } from '@labelstream/shared/errors';
import { toJson } from '@labelstream/shared/events/json';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { RecordProducer } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import type { Sent } from '../checker/types.js';
import type { Traffic, TrafficMessage } from './traffic.js';

const AGAIN_MS = 300;

export interface SendDeps {
  readonly producer: RecordProducer;
  readonly topics: TopicNames;
  readonly codecs: Pick<Codecs, 'productEvent'>;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Epoch or monotonic milliseconds. */
  readonly now: () => number;
}

export interface SendOptions {
  readonly traffic: Traffic;
  readonly messagesPerSecond: number;
  readonly durationMs: number;
  /** Told of each message once Kafka has it. */
  readonly onSent: (sent: Sent) => void;
}

/**
 * Sends a stream at an even pace; while Kafka is away it stands still. A message whose answer was lost is sent again before any other, so it may
 * be there twice, but never out of order.
 */
export async function sendTraffic({ traffic, messagesPerSecond, durationMs, onSent }: SendOptions, deps: SendDeps): Promise<void> {
  const { now, sleep } = deps;
  const gapMs = 1000 / messagesPerSecond;
  const endsAt = now() + durationMs;
  for (let dueAt = now(); dueAt < endsAt; dueAt = Math.max(now(), dueAt + gapMs)) {
    await sleep(Math.max(0, dueAt - now()));
    const message = traffic.next();
    const record = toRecord(message, deps);
    while (!(await isSent(deps.producer, record))) await sleep(AGAIN_MS);
    onSent(message.sent);
  }
}

function toRecord({ key, lane, payload }: TrafficMessage, { topics, codecs }: SendDeps): OutRecord {
  const topic = topics.of('events', lane);
  if (payload.form === 'bytes') return { topic, key, value: payload.bytes };
  return { topic, key, value: payload.form === 'avro' ? codecs.productEvent.encode(payload.event) : toJson(payload.event) };
}

async function isSent(producer: RecordProducer, record: OutRecord): Promise<boolean> {
  try {
    await producer.send([record]);
    return true;
  } catch (error) {
    if (isLabelstreamError(error) && error.retriable) return false;
    throw error;
  }
}
