import { LabelstreamError } from '../../errors.js';
import type { Lane } from '../../events/lane.js';
import { partitionOfKey } from '../../events/partition-of-key.js';
import type { InMessage, PartitionOffset, TopicInfo } from '../../ports/broker.js';
import type { OutRecord } from '../../stream/outcome.js';

/** The broker limit of the local engine. */
const MAX_RECORD_BYTES = 8 * 1024 * 1024;

/** What stands at one offset. A control record ends a transaction: it takes an offset and is never delivered. */
export type LogEntry = { readonly control: true } | { readonly control: false; readonly record: OutRecord; readonly timestampMs: number };

/** The consumed form of an entry of the log, or null for one that is never delivered. */
export function toInMessage(entry: LogEntry, place: PartitionOffset & { lane: Lane; generation: number }): InMessage | null {
  if (entry.control) return null;
  const { key, value, headers = {} } = entry.record;
  return { ...place, key, value: value === null ? null : Uint8Array.from(value), headers, timestampMs: entry.timestampMs };
}

/** Topics, partitions and their entries; the offset of an entry is its index. */
export interface TopicLog {
  create(topic: string, partitions: number): void;
  /** 0 for a topic that does not exist. */
  partitionCount(topic: string): number;
  /** The first offset that was not deleted. */
  earliest(topic: string, partition: number): number;
  /** The offset after the last entry. */
  latest(topic: string, partition: number): number;
  at(topic: string, partition: number, offset: number): LogEntry | undefined;
  /** Appends all records or none. `transactional` ends with a control record in every partition written to. */
  append(records: readonly OutRecord[], transactional: boolean): void;
  /** Deletes the entries before an offset; never more than there are. */
  deleteBefore(topic: string, partition: number, offset: number): void;
  describe(topics: readonly string[]): TopicInfo[];
  /** Calls `listener` after each append; returns how to stop that. */
  onAppend(listener: () => void): () => void;
}

interface Partition {
  earliest: number;
  /** A deleted entry leaves its place empty, so that the offset of an entry stays its index. */
  readonly entries: (LogEntry | undefined)[];
}

function copyRecord(record: OutRecord): OutRecord {
  return { ...record, value: record.value === null ? null : Uint8Array.from(record.value) };
}

/** Creates an empty log. It keeps what is not deleted for the life of the process. */
export function createTopicLog(): TopicLog {
  const topics = new Map<string, Partition[]>();
  const listeners = new Set<() => void>();

  function check(record: OutRecord): void {
    if (!topics.has(record.topic)) throw new LabelstreamError('BROKER_UNAVAILABLE', `topic ${record.topic} does not exist`);
    const sizeBytes = (record.value?.byteLength ?? 0) + record.key.length;
    if (sizeBytes > MAX_RECORD_BYTES) throw new LabelstreamError('EVENT_TOO_LARGE', `record of ${sizeBytes} bytes for ${record.topic}`);
  }

  function append(records: readonly OutRecord[], transactional: boolean): void {
    for (const record of records) check(record);
    const written = new Set<Partition['entries']>();
    for (const record of records) {
      const partitions = topics.get(record.topic) ?? [];
      const entries = partitions[partitionOfKey(record.key, partitions.length)]?.entries;
      if (entries === undefined) continue;
      entries.push({ control: false, record: copyRecord(record), timestampMs: Date.now() });
      written.add(entries);
    }
    if (transactional) for (const entries of written) entries.push({ control: true });
    for (const listener of [...listeners]) listener();
  }

  return {
    create(topic, partitions) {
      if (!topics.has(topic))
        topics.set(
          topic,
          Array.from({ length: partitions }, () => ({ earliest: 0, entries: [] })),
        );
    },
    partitionCount: (topic) => topics.get(topic)?.length ?? 0,
    earliest: (topic, partition) => topics.get(topic)?.[partition]?.earliest ?? 0,
    latest: (topic, partition) => topics.get(topic)?.[partition]?.entries.length ?? 0,
    at: (topic, partition, offset) => topics.get(topic)?.[partition]?.entries[offset],
    append,
    deleteBefore(topic, partition, offset) {
      const log = topics.get(topic)?.[partition];
      if (log === undefined) return;
      const end = Math.min(offset, log.entries.length);
      if (end <= log.earliest) return;
      log.entries.fill(undefined, log.earliest, end);
      log.earliest = end;
    },
    describe: (names) =>
      names.flatMap((topic) =>
        (topics.get(topic) ?? []).map(({ earliest, entries }, partition) => ({ topic, partition, earliest, latest: entries.length })),
      ),
    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
