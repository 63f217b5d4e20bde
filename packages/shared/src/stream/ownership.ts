import { describeError, LabelstreamError } from '../errors.js';
import type { PartitionOffset, TransactionalProducer } from '../ports/broker.js';
import type { DeliveryDeps } from './delivery.js';
import { sleep } from './wake-up.js';

/** How long the end of former transactions is waited for. */
const READABLE_WITHIN_MS = 10_000;
const READABLE_PAUSE_MS = 10;

/** Who owns a partition number, as its consumer group's positions tell. */
export interface Ownership {
  /**
   * Opens the producer of the partition number, which fences every older one and thereby decides its last transaction, and waits until all
   * that was committed before can be read. Throws BROKER_UNAVAILABLE, BROKER_FENCED.
   */
  takeOver(): Promise<TransactionalProducer>;
  /** Committed positions of this partition number, by topic. */
  positions(topics: readonly string[]): Promise<Map<string, number>>;
  /** Begins an epoch that is larger than that of every earlier owner. */
  beginEpoch(producer: TransactionalProducer): Promise<number>;
  /** Throws BROKER_FENCED when another owner has begun since this epoch. */
  assertNewest(epoch: number): Promise<void>;
}

/** Creates the ownership of a partition number. The transactional id is `<groupId>-<partition>`. */
export function createOwnership(
  { broker, groupId, topics, stage, log }: Pick<DeliveryDeps, 'broker' | 'groupId' | 'topics' | 'stage' | 'log'>,
  partition: number,
): Ownership {
  const ownerTopic = topics.of('labels');
  const positions = async (names: readonly string[]) => positionsOf(partition, await broker.committed(groupId, names));
  const newestEpoch = async () => (await positions([ownerTopic])).get(ownerTopic);

  /**
   * The positions of one transactional id become readable in the order of its transactions: once the mark is, all before it are. The mark
   * is a position of this partition in the dead-letter topic, which the group does not read; drawn, so that it is no earlier owner's.
   */
  async function seeEarlierPositions(producer: TransactionalProducer): Promise<void> {
    const mark = { topic: topics.deadLetters(stage.input), partition, offset: Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) };
    const leaveMark = () => producer.commit([], { groupId, offsets: [mark] });
    const isReadable = async () => (await positions([mark.topic])).get(mark.topic) === mark.offset;
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

  return {
    async takeOver() {
      const producer = await broker.transactionalProducer(`${groupId}-${partition}`);
      try {
        await seeEarlierPositions(producer);
        return producer;
      } catch (error) {
        producer.close().catch((closing) => log.debug({ partition, reason: describeError(closing) }, 'producer not closed cleanly'));
        throw error;
      }
    },
    positions,
    /**
     * The epoch is kept as one more position of the group: of this partition in the label topic, which the group does not read either. What
     * an earlier owner has committed there can be read by now; the time lets the epoch grow also after Kafka has lost its data.
     */
    async beginEpoch(producer) {
      const epoch = Math.max(Date.now(), ((await newestEpoch()) ?? 0) + 1);
      await producer.commit([], { groupId, offsets: [{ topic: ownerTopic, partition, offset: epoch }] });
      return epoch;
    },
    async assertNewest(epoch) {
      if ((await newestEpoch()) === epoch) return;
      throw new LabelstreamError('BROKER_FENCED', `partition ${partition} has a newer owner than ${epoch}`);
    },
  };
}

/** Committed positions of a partition number, by topic. */
const positionsOf = (partition: number, committed: readonly PartitionOffset[]): Map<string, number> =>
  new Map(committed.filter((position) => position.partition === partition).map(({ topic, offset }) => [topic, offset]));
