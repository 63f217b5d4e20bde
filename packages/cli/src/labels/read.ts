import { partitionOfKey } from '@labelstream/shared/events/partition-of-key';
import type { ProductLabels } from '@labelstream/shared/events/records';
import type { Broker, InMessage, PartitionOffset, TopicInfo } from '@labelstream/shared/ports/broker';
import type { Codec } from '@labelstream/shared/ports/codec';

/** A line of `labels tail`: what was published, or that the product is gone. */
export type LabelLine = ProductLabels | { readonly productId: string; readonly deleted: true };

/** Where labels are read. */
export interface LabelSource {
  readonly broker: Broker;
  readonly labels: Codec<ProductLabels>;
  readonly topic: string;
}

export interface TailOptions {
  /** From the first label on; otherwise the newest ones, or with `follow` those that are still to come. */
  readonly fromBeginning: boolean;
  readonly follow: boolean;
  /** Most lines to give. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Transactions leave offsets without a message, and compaction leaves gaps: more offsets than lines are read at first. */
const OFFSETS_PER_LINE = 4;

/** Labels as they were published. Without `follow` it ends with the label that was the newest when it began. */
export async function* tailLabels(source: LabelSource, { fromBeginning, follow, limit, signal }: TailOptions): AsyncGenerator<LabelLine> {
  if (!fromBeginning && !follow) {
    for (const message of await newest(source, limit, signal)) yield await toLine(source, message);
    return;
  }
  let lines = 0;
  const from = fromBeginning ? 'earliest' : 'latest';
  for await (const message of source.broker.read({ topic: source.topic, from, follow, signal })) {
    yield await toLine(source, message);
    if (++lines >= limit) return;
  }
}

/** What was published last for a product; null when nothing ever was. */
export async function lastLabels(source: LabelSource, productId: string, signal: AbortSignal): Promise<LabelLine | null> {
  const found = await lastMessage(source, productId, signal);
  return found === null ? null : toLine(source, found);
}

/** The newest message of a product in a topic whose keys are product ids; null where there is none. */
export async function lastMessage(
  source: Pick<LabelSource, 'broker' | 'topic'>,
  productId: string,
  signal: AbortSignal,
): Promise<InMessage | null> {
  const partitions = await source.broker.describe([source.topic]);
  const home = partitionOfKey(productId, partitions.length);
  // A topic that was given more partitions, or is written by another partitioner, has labels elsewhere too.
  return (
    (await lastIn(source, partitions, ({ partition }) => partition === home, productId, signal)) ??
    (await lastIn(source, partitions, ({ partition }) => partition !== home, productId, signal))
  );
}

async function lastIn(
  { broker, topic }: Pick<LabelSource, 'broker' | 'topic'>,
  partitions: readonly TopicInfo[],
  isRead: (info: TopicInfo) => boolean,
  productId: string,
  signal: AbortSignal,
): Promise<InMessage | null> {
  const from = partitions.map((info) => startAt(info, isRead(info) ? info.earliest : info.latest));
  const last = new Map<number, InMessage>();
  for await (const message of broker.read({ topic, from, signal })) {
    if (message.key === productId) last.set(message.partition, message);
  }
  // Within a partition the later offset is the later label; only between partitions it is the clock that tells.
  return [...last.values()].sort((a, b) => b.timestampMs - a.timestampMs)[0] ?? null;
}

/** The `count` newest messages of all partitions, oldest first. */
async function newest({ broker, topic }: LabelSource, count: number, signal: AbortSignal): Promise<InMessage[]> {
  const partitions = await broker.describe([topic]);
  for (let reach = count * OFFSETS_PER_LINE; ; reach *= OFFSETS_PER_LINE) {
    const from = partitions.map((info) => startAt(info, Math.max(info.earliest, info.latest - reach)));
    const messages: InMessage[] = [];
    for await (const message of broker.read({ topic, from, signal })) messages.push(message);
    const isAll = from.every(({ offset }, i) => offset === partitions[i]?.earliest);
    if (messages.length < count && !isAll && !signal.aborted) continue;
    return messages.sort((a, b) => a.timestampMs - b.timestampMs).slice(-count);
  }
}

const startAt = ({ topic, partition }: TopicInfo, offset: number): PartitionOffset => ({ topic, partition, offset });

async function toLine({ labels }: LabelSource, { key, value }: InMessage): Promise<LabelLine> {
  return value === null ? { productId: key ?? '', deleted: true } : labels.decode(value);
}
