import { isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { PASS_HEADERS } from '@labelstream/shared/events/headers';
import type { TopicNames } from '@labelstream/shared/events/topics';
import type { Broker, InMessage, TopicInfo } from '@labelstream/shared/ports/broker';
import type { Codecs } from '@labelstream/shared/ports/codec';
import { z } from 'zod';
import type { BackfillKind, BackfillRange, OpenBackfill, RangeContext } from '../kind.js';
import { createProducerOnce } from './producer-once.js';
import { type Decision, sendRange } from './send-range.js';
import { type ReadReplaySpec, type ReplaySpec, readSpec, replaySpecSchema } from './spec.js';

export interface ReplayKindDeps {
  readonly broker: Pick<Broker, 'producer' | 'describe' | 'read'>;
  readonly codecs: Pick<Codecs, 'productEvent'>;
  readonly topics: Pick<TopicNames, 'of'>;
}

/** Where a replay begins: at a time (epoch milliseconds), or at an offset of each partition that is named; else with what is still there. */
export interface ReplayStart {
  readonly sinceMs?: number;
  readonly offsets?: readonly { readonly partition: number; readonly offset: number }[];
}

/** Headers of an earlier pass that do not concern a replay: when it first arrived, and how often it went round. */
const DROPPED_HEADERS: ReadonlySet<string> = new Set([
  PASS_HEADERS.receivedAt,
  PASS_HEADERS.requeue,
  PASS_HEADERS.rested,
  PASS_HEADERS.replays,
]);

const whereSchema = z.strictObject({ partition: z.int(), from: z.int(), to: z.int() });

/**
 * The specification of a replay that ends where the topic ends now.
 *
 * @throws SOURCE_INVALID when the topic does not exist, or has no message from there on
 */
export async function planReplay(
  { broker }: Pick<ReplayKindDeps, 'broker'>,
  topic: string,
  { sinceMs, offsets }: ReplayStart = {},
): Promise<ReplaySpec> {
  const infos = await describe(broker, topic);
  const partitions = infos.flatMap(({ partition, earliest, latest }) => {
    const asked = offsets?.find((each) => each.partition === partition)?.offset;
    if (offsets !== undefined && asked === undefined) return [];
    if (asked !== undefined && asked < earliest) throw gone(topic, partition, asked, earliest);
    const from = asked ?? earliest;
    return from < latest ? [{ partition, from, to: latest }] : [];
  });
  if (partitions.length > 0) return { topic, partitions, ...(sinceMs === undefined ? {} : { sinceMs }) };
  throw new LabelstreamError('SOURCE_INVALID', `${topic} has no message from there on; choose an earlier time or offset.`);
}

/** Events of a topic, once more, in the backfill lane: their bytes, keys and headers as they are. A range is a range of offsets. */
export function createReplayKind(deps: ReplayKindDeps): BackfillKind {
  return {
    async open(given) {
      const spec = readSpec(replaySpecSchema, given);
      const infos = await describe(deps.broker, spec.topic);
      const unknown = spec.partitions.find(({ partition }) => !infos.some((info) => info.partition === partition));
      if (unknown !== undefined) throw new LabelstreamError('SOURCE_INVALID', `${spec.topic} has no partition ${unknown.partition}.`);
      return openReplay(deps, spec);
    },
  };
}

function openReplay(deps: ReplayKindDeps, spec: ReadReplaySpec): OpenBackfill {
  const producer = createProducerOnce(deps.broker);

  async function* plan(): AsyncGenerator<BackfillRange> {
    let ordinal = 0;
    for (const { partition, from: first, to: end } of spec.partitions) {
      for (let from = first; from < end; from += spec.rangeOffsets) {
        const to = Math.min(end, from + spec.rangeOffsets);
        const name = `${spec.topic}/${partition}, offsets ${from} to ${to - 1}`;
        yield { ordinal: ordinal++, name, estimatedRows: to - from, where: { partition, from, to } };
      }
    }
  }

  async function run(range: BackfillRange, context: RangeContext): Promise<void> {
    const { partition, from, to } = whereSchema.parse(range.where);
    const origin = `${spec.topic}/${partition}`;
    const infos = await describe(deps.broker, spec.topic);
    const earliest = infos.find((info) => info.partition === partition)?.earliest ?? to;
    if (earliest > from + context.rowsDone) throw gone(spec.topic, partition, from + context.rowsDone, earliest);
    // What was deleted since an earlier attempt is no longer read: it was dealt with then.
    const deleted = Math.max(0, earliest - from);
    await sendRange({
      rows: messagesOf(deps.broker, { infos, topic: spec.topic, partition, from: from + deleted, to }, context.signal),
      decide: (message) => decideMessage(deps, spec, message, origin),
      origin,
      producer: await producer.get(),
      context: afterDeleted(context, deleted),
    });
  }

  return { plan, run, close: producer.close };
}

/** Counts rows from the first one that is still there, while the range is counted from its beginning. */
const afterDeleted = (context: RangeContext, deleted: number): RangeContext => ({
  rowsDone: context.rowsDone - deleted,
  signal: context.signal,
  admit: (count) => context.admit(count),
  checkpoint: ({ rowsDone, sent }) => context.checkpoint({ rowsDone: rowsDone + deleted, sent }),
  rowError: (error) => context.rowError(error),
});

interface Messages {
  readonly infos: readonly TopicInfo[];
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

async function* messagesOf(
  broker: ReplayKindDeps['broker'],
  { infos, topic, partition, from, to }: Messages,
  signal: AbortSignal,
): AsyncGenerator<InMessage[]> {
  // Of the other partitions nothing is wanted, so reading of them begins at their ends.
  const positions = infos.map((info) => ({ topic, partition: info.partition, offset: info.partition === partition ? from : info.latest }));
  for await (const message of broker.read({ topic, from: positions, signal })) {
    if (message.partition !== partition) continue;
    if (message.offset >= to) return;
    yield [message];
    if (message.offset === to - 1) return;
  }
  // Reading ends quietly when it is called off.
  signal.throwIfAborted();
}

async function decideMessage(
  { codecs, topics }: ReplayKindDeps,
  { sinceMs }: ReadReplaySpec,
  message: InMessage,
  origin: string,
): Promise<Decision> {
  const { offset: position, value, headers, timestampMs } = message;
  if (sinceMs !== undefined && timestampMs < sinceMs) return undefined;
  if (value === null) return { error: { origin, position, code: 'EVENT_NOT_DECODABLE', message: 'the message has no value' } };
  try {
    const key = message.key ?? (await codecs.productEvent.decode(value)).productId;
    const kept = Object.entries(headers).filter(([name]) => !DROPPED_HEADERS.has(name));
    return { position, record: { topic: topics.of('events', 'backfill'), key, value, headers: Object.fromEntries(kept) } };
  } catch (error) {
    if (!isLabelstreamError(error) || error.retriable) throw error;
    return { error: { origin, position, code: error.code, message: error.message } };
  }
}

async function describe(broker: ReplayKindDeps['broker'], topic: string): Promise<TopicInfo[]> {
  const infos = await broker.describe([topic]);
  if (infos.length > 0) return infos;
  throw new LabelstreamError('SOURCE_INVALID', `there is no topic ${topic}; check its name and TOPIC_PREFIX.`);
}

const gone = (topic: string, partition: number, from: number, earliest: number) =>
  new LabelstreamError(
    'SOURCE_INVALID',
    `offsets ${from} to ${earliest - 1} of ${topic}/${partition} were deleted, as its retention says; they were not sent. Start again from offset ${earliest}.`,
  );
