import type { EachBatchPayload, IHeaders, KafkaMessage, TopicMessages } from 'kafkajs';
import type { Lane } from '../../events/lane.js';
import type { InMessage } from '../../ports/broker.js';
import type { OutRecord } from '../../stream/outcome.js';

/** kafkajs packs what it is given for one partition into one record batch, and the broker limits the batch (1 MiB by default). */
const MAX_REQUEST_BYTES = 900_000;
/** Upper estimate of what a record takes besides key, value and headers. */
const RECORD_OVERHEAD_BYTES = 64;

function textHeaders(headers: IHeaders | undefined): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) result[name] = last.toString();
  }
  return result;
}

/** A fetched message in the port's form. */
export function toInMessage(
  message: KafkaMessage,
  place: { readonly topic: string; readonly partition: number; readonly lane: Lane; readonly generation: number },
): InMessage {
  return {
    ...place,
    offset: Number(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value,
    headers: textHeaders(message.headers),
    timestampMs: Number(message.timestamp),
  };
}

/** All messages of a fetched batch in the port's form. */
export function toInMessages(batch: EachBatchPayload['batch'], lane: Lane, generation: number): InMessage[] {
  const place = { topic: batch.topic, partition: batch.partition, lane, generation };
  return batch.messages.map((message) => toInMessage(message, place));
}

function sizeBytesOf({ key, value, headers = {} }: OutRecord): number {
  const headerBytes = Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + Buffer.byteLength(text), 0);
  return Buffer.byteLength(key) + (value?.byteLength ?? 0) + headerBytes + RECORD_OVERHEAD_BYTES;
}

/** Splits records, in order, into runs that stay below the broker's limit; a record that is larger by itself is a run of its own. */
export function splitBySize(records: readonly OutRecord[], maxBytes = MAX_REQUEST_BYTES): OutRecord[][] {
  const runs: OutRecord[][] = [];
  let usedBytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const sizeBytes = sizeBytesOf(record);
    if (usedBytes + sizeBytes > maxBytes) {
      runs.push([]);
      usedBytes = 0;
    }
    runs.at(-1)?.push(record);
    usedBytes += sizeBytes;
  }
  return runs;
}

/** A view of the same bytes. */
const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Records by topic, in order within each, as kafkajs sends them. */
export function toTopicMessages(records: readonly OutRecord[]): TopicMessages[] {
  const byTopic = new Map<string, TopicMessages>();
  for (const { topic, key, value, headers } of records) {
    const entry = byTopic.get(topic) ?? { topic, messages: [] };
    byTopic.set(topic, entry);
    entry.messages.push({
      key,
      value: value === null ? null : asBuffer(value),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    });
  }
  return [...byTopic.values()];
}

/** The topics of records or positions, for a message to people. */
export const topicsOf = (records: readonly { readonly topic: string }[]): string =>
  [...new Set(records.map(({ topic }) => topic))].join(', ');
