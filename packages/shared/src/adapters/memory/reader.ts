import { LabelstreamError } from '../../errors.js';
import type { InMessage, TopicInfo } from '../../ports/broker.js';
import { laneOfTopic, type ReadOptions, startOffset } from '../common/read-plan.js';
import { type TopicLog, toInMessage } from './topic-log.js';

/** Lets timers and I/O of the process have their turn, as a round trip to a real broker would. */
export const roundTrip = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Resolves at the next append or when `signal` aborts. */
function nextAppend(log: TopicLog, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stopListening();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const stopListening = log.onAppend(done);
    signal?.addEventListener('abort', done);
  });
}

interface Cursor extends TopicInfo {
  offset: number;
}

function* readPartition(log: TopicLog, cursor: Cursor, end: number): Generator<InMessage> {
  const { topic, partition } = cursor;
  while (cursor.offset < end) {
    const offset = cursor.offset++;
    const entry = log.at(topic, partition, offset);
    const message = entry === undefined ? null : toInMessage(entry, { topic, partition, offset, lane: laneOfTopic(topic), generation: 0 });
    if (message !== null) yield message;
  }
}

function openCursors(log: TopicLog, topic: string, from: ReadOptions['from']): Cursor[] {
  const cursors = log.describe([topic]).map((info) => ({ ...info, offset: startOffset(from, info) }));
  if (cursors.length === 0) throw new LabelstreamError('BROKER_UNAVAILABLE', `topic ${topic} does not exist`);
  return cursors;
}

/** Reads a topic of the log outside any group; see `Broker.read`. */
export async function* readLog(log: TopicLog, { topic, from, follow = false, signal }: ReadOptions): AsyncGenerator<InMessage> {
  const cursors = openCursors(log, topic, from);
  const end = (cursor: Cursor) => (follow ? log.latest(topic, cursor.partition) : cursor.latest);
  do {
    await roundTrip();
    for (const cursor of cursors) {
      for (const message of readPartition(log, cursor, end(cursor))) {
        if (signal?.aborted) return;
        yield message;
      }
    }
    if (follow && !signal?.aborted && cursors.every((cursor) => cursor.offset >= end(cursor))) await nextAppend(log, signal);
  } while (follow && !signal?.aborted);
}
