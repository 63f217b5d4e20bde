import { describeError, LabelstreamError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { InMessage, PartitionOffset, TransactionalProducer } from '../ports/broker.js';
import { type Decided, isRefusal } from './decided.js';
import type { DeliveryDeps } from './delivery.js';
import type { BatchProgress } from './stage.js';
import { sleep } from './wake-up.js';

/** How long the end of former transactions is waited for. */
const READABLE_WITHIN_MS = 10_000;
const READABLE_PAUSE_MS = 10;

/** The transactions of one partition number. */
export interface PartitionTransactions {
  /** What is there already, or opened anew where the last transaction left a doubt. Throws BROKER_UNAVAILABLE. */
  open(): Promise<OpenTransactions>;
  close(): Promise<void>;
}

/** The right to write, and the knowledge of what is written. Ends with the first commit whose result is unknown. */
export interface OpenTransactions {
  /** Whether a transaction, ours or a former owner's, has committed this message. */
  isCommitted(message: InMessage): boolean;
  /** How far the partition is committed in each lane, and the epoch of this owner. */
  progress(): BatchProgress;
  /**
   * One transaction: all records and the positions after these messages.
   *
   * @throws EVENT_TOO_LARGE, STAGE_FAILED: nothing was written. BROKER_FENCED. BROKER_UNAVAILABLE: it is unknown what was written.
   */
  commit(decided: readonly Decided[]): Promise<void>;
}

/** Creates the transactions of a partition number. The transactional id is `<groupId>-<partition>`. */
export function createPartitionTransactions(
  { broker, groupId, topics, stage, log }: Pick<DeliveryDeps, 'broker' | 'groupId' | 'topics' | 'stage' | 'log'>,
  partition: number,
): PartitionTransactions {
  const inputOf = (lane: Lane) => topics.of(stage.input, lane);
  const input = LANES.map(inputOf);
  const ownerTopic = topics.of('labels');
  let current: { readonly producer: TransactionalProducer; readonly transactions: OpenTransactions } | null = null;

  async function commit(producer: TransactionalProducer, decided: readonly Decided[], positions: Map<string, number>): Promise<void> {
    const offsets = positionsAfter(decided);
    try {
      const records = decided.flatMap((one) => one.records);
      await producer.commit(records, { groupId, offsets });
      for (const { topic, offset } of offsets) positions.set(topic, offset);
    } catch (error) {
      if (!isRefusal(error)) drop(producer);
      throw error;
    }
  }

  /**
   * The positions of one transactional id become readable in the order of its transactions: once the mark is, all before it are. The mark
   * is a position of this partition in the dead-letter topic, which the group does not read; drawn, so that it is no earlier owner's.
   */
  async function seeEarlierPositions(producer: TransactionalProducer): Promise<void> {
    const mark = { topic: topics.deadLetters(stage.input), partition, offset: Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) };
    const leaveMark = () => producer.commit([], { groupId, offsets: [mark] });
    const isReadable = async () => positionsOf(partition, await broker.committed(groupId, [mark.topic])).get(mark.topic) === mark.offset;
    await leaveMark();
    const deadlineMs = Date.now() + READABLE_WITHIN_MS;
    while (!(await isReadable())) {
      if (Date.now() > deadlineMs) {
        // Refused if it is a newer owner's mark that stands there.
        await leaveMark();
        throw new LabelstreamError('BROKER_UNAVAILABLE', `positions of ${groupId} cannot be read`);
      }
      await sleep(READABLE_PAUSE_MS);
    }
  }

  /**
   * The epoch is kept as one more position of the group: of this partition in the label topic, which the group does not read either. What
   * an earlier owner has committed there can be read by now; the time lets the epoch grow also after Kafka has lost its data.
   */
  async function beginEpoch(producer: TransactionalProducer, last: number): Promise<number> {
    const epoch = Math.max(Date.now(), last + 1);
    await producer.commit([], { groupId, offsets: [{ topic: ownerTopic, partition, offset: epoch }] });
    return epoch;
  }

  function drop(producer: TransactionalProducer): void {
    current = null;
    producer.close().catch((error) => log.debug({ partition, reason: describeError(error) }, 'producer not closed cleanly'));
  }

  return {
    /**
     * Opening the producer fences every older one of this partition and thereby decides its last transaction; only after that do the
     * committed positions tell for certain what is done. So a new owner and an owner in doubt about its own transaction do the same.
     * Kafka answers before the positions of a transaction that it has just decided can be read, so a mark is committed behind them.
     */
    async open() {
      if (current !== null) return current.transactions;
      const producer = await broker.transactionalProducer(`${groupId}-${partition}`);
      try {
        await seeEarlierPositions(producer);
        const positions = positionsOf(partition, await broker.committed(groupId, [...input, ownerTopic]));
        const epoch = await beginEpoch(producer, positions.get(ownerTopic) ?? 0);
        const isCommitted = ({ topic, offset }: InMessage) => offset < (positions.get(topic) ?? 0);
        const positionOf = (lane: Lane) => positions.get(inputOf(lane)) ?? 0;
        const progress = () => ({ committed: { live: positionOf('live'), backfill: positionOf('backfill') }, epoch });
        current = { producer, transactions: { isCommitted, progress, commit: (decided) => commit(producer, decided, positions) } };
        return current.transactions;
      } catch (error) {
        drop(producer);
        throw error;
      }
    },
    async close() {
      await current?.producer.close();
      current = null;
    },
  };
}

/** Committed positions of a partition number, by topic. */
const positionsOf = (partition: number, committed: readonly PartitionOffset[]): Map<string, number> =>
  new Map(committed.filter((position) => position.partition === partition).map(({ topic, offset }) => [topic, offset]));

/** The positions of a group after these messages, which come in ascending order per topic. */
function positionsAfter(decided: readonly Decided[]): PartitionOffset[] {
  const positions = new Map<string, PartitionOffset>();
  for (const { message } of decided) {
    const { topic, partition, offset } = message;
    positions.set(topic, { topic, partition, offset: offset + 1 });
  }
  return [...positions.values()];
}
