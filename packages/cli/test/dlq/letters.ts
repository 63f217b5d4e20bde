import { createMemoryBroker } from '@labelstream/shared/adapters/memory/broker';
import type { ErrorCode } from '@labelstream/shared/errors';
import { topicNames } from '@labelstream/shared/events/topics';
import type { Broker, InMessage } from '@labelstream/shared/ports/broker';
import { deadLetterRecord } from '@labelstream/shared/stream/dead-letter';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import type { StageName } from '@labelstream/shared/stream/stage';
import type { DeadLetterSource } from '../../src/dlq/read.js';
import { deadLetterTopic, inputsOf } from '../../src/dlq/record.js';

export const topics = topicNames('shop.');

/** A message that failed; what is not given is of no importance. */
export interface Failed {
  readonly key?: string | null;
  readonly value?: string | Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stage?: StageName;
  readonly lane?: 'live' | 'backfill';
  readonly code?: ErrorCode;
  readonly omitValue?: boolean;
  readonly topic?: string;
}

/** A message as a stage of the deployment was given it. */
export function originalOf({ key = 'p1', value = '{}', headers = {}, stage = 'ingest', lane = 'live', topic }: Failed = {}): InMessage {
  return {
    topic: topic ?? inputsOf(topics, stage)[lane === 'live' ? 0 : 1]!,
    partition: 1,
    offset: 7,
    lane,
    key,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers,
    timestampMs: 1_700_000_000_000,
    generation: 1,
  };
}

/** Its dead letter, as the stage writes it. */
export function recordOf(failed: Failed = {}): OutRecord {
  const { stage = 'ingest', code = 'EVENT_INVALID', omitValue = false } = failed;
  const to = { topic: deadLetterTopic(topics, stage), stage, omitValue };
  return deadLetterRecord(originalOf(failed), { code, detail: `${code} it is` }, to);
}

/** Its dead letter, as it is read. */
export function letterOf(failed: Failed = {}, changes: Partial<InMessage> = {}): InMessage {
  const { topic, key, value, headers = {} } = recordOf(failed);
  return { ...originalOf(failed), topic, key, value, headers, partition: 2, offset: 11, ...changes };
}

/** A deployment in memory with its dead letters. */
export async function setUp(partitions = 2) {
  const broker = createMemoryBroker();
  await broker.ensureTopics(topics.all(), { partitions });
  const source: DeadLetterSource = { broker, topics, signal: new AbortController().signal };
  const fail = async (...all: Failed[]) => (await broker.producer()).send(all.map(recordOf));
  return { broker, source, fail };
}

/** Everything in a topic. */
export async function contentsOf(broker: Broker, topic: string): Promise<InMessage[]> {
  const all: InMessage[] = [];
  for await (const message of broker.read({ topic })) all.push(message);
  return all;
}
