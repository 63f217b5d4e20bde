import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import type { TopicRecord } from '../checker/types.js';

const READ_WITHIN_MS = 120_000;

/**
 * Reads whole topics from their start to the ends they have now, read committed. A client of its own with nothing of the services' adapters in
 * it, since it is the eye of the checker.
 */
export async function readTopics(brokers: readonly string[], topics: readonly string[]): Promise<TopicRecord[]> {
  const kafka = new Kafka({ brokers: [...brokers], clientId: 'labelstream-chaos-checker', logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const groupId = `labelstream-chaos-checker-${randomUUID()}`;
  const missing = new Map<string, number>();
  try {
    await admin.connect();
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (Number(high) > Number(low)) missing.set(`${topic}/${partition}`, Number(high));
      }
    }
    const records = missing.size === 0 ? [] : await readUpTo(kafka, groupId, topics, missing);
    await admin.deleteGroups([groupId]).catch(() => {});
    return records;
  } finally {
    await admin.disconnect();
  }
}

/** @param missing ends by `topic/partition`; an entry is removed when everything before it was seen */
async function readUpTo(kafka: Kafka, groupId: string, topics: readonly string[], missing: Map<string, number>): Promise<TopicRecord[]> {
  const consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 100 });
  const records: TopicRecord[] = [];
  const late = AbortSignal.timeout(READ_WITHIN_MS);
  const complete = new Promise<void>((resolve, reject) => {
    late.addEventListener('abort', () => reject(new Error(`the ends of ${[...missing.keys()]} were not reached in time`)));
    // Counts markers of transactions as well, which are never delivered.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { topic, partition, lastOffset } }) => {
      const name = `${topic}/${partition}`;
      if (Number(lastOffset) + 1 >= (missing.get(name) ?? Number.POSITIVE_INFINITY)) missing.delete(name);
      if (missing.size === 0) resolve();
    });
  });
  complete.catch(() => {});
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch: { topic, partition, messages } }) => {
        for (const { key, value, offset, headers = {} } of messages) {
          const texts = Object.entries(headers).flatMap(([name, text]) => (text === undefined ? [] : [[name, text.toString()] as const]));
          records.push({ topic, partition, offset: Number(offset), key: key?.toString() ?? '', value, headers: Object.fromEntries(texts) });
        }
      },
    });
    await complete;
    return records;
  } finally {
    await consumer.disconnect();
  }
}

/** Every version of the label schema that lies in the contracts, as JSON text. */
export async function readLabelSchemas(repositoryRoot: string): Promise<string[]> {
  const folder = join(repositoryRoot, 'packages', 'shared', 'contracts', 'avro', 'history');
  const names = (await readdir(folder)).filter((name) => /^ProductLabels\.v\d+\.avsc$/.test(name));
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
}
