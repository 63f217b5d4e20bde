import { describeError } from '../errors.js';
import { LANES, type Lane } from '../events/lane.js';
import type { InMessage, PartitionOffset, TransactionalProducer } from '../ports/broker.js';
import { type Decided, isRefusal } from './decided.js';
import type { DeliveryDeps } from './delivery.js';
import { createOwnership } from './ownership.js';
import type { BatchProgress } from './stage.js';

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

/** The partition number, as this owner has it. */
interface Owned {
  producer: TransactionalProducer;
  /** Committed positions by topic. */
  readonly positions: Map<string, number>;
  readonly epoch: number;
  /** Whether the broker refused the last transaction. */
  isRefused: boolean;
}

/** Creates the transactions of a partition number. The transactional id is `<groupId>-<partition>`. */
export function createPartitionTransactions(
  deps: Pick<DeliveryDeps, 'broker' | 'groupId' | 'topics' | 'stage' | 'log'>,
  partition: number,
): PartitionTransactions {
  const { topics, stage, log, groupId } = deps;
  const inputOf = (lane: Lane) => topics.of(stage.input, lane);
  const input = LANES.map(inputOf);
  const ownership = createOwnership(deps, partition);
  let current: { readonly owned: Owned; readonly transactions: OpenTransactions } | null = null;

  async function commit(owned: Owned, decided: readonly Decided[]): Promise<void> {
    const offsets = positionsAfter(decided);
    try {
      if (owned.isRefused) await takeUpAgain(owned);
      const records = decided.flatMap((one) => one.records);
      await owned.producer.commit(records, { groupId, offsets });
      for (const { topic, offset } of offsets) owned.positions.set(topic, offset);
    } catch (error) {
      if (isRefusal(error)) owned.isRefused = true;
      else drop(owned.producer);
      throw error;
    }
  }

  /**
   * What was refused leaves a producer that has to be opened anew, and the opening of one fences whoever has it. Meanwhile this process may
   * have been frozen and have a successor: so it looks before it opens, and again when nobody can come in between any more. What was
   * decided before is only written where there was none.
   */
  async function takeUpAgain(owned: Owned): Promise<void> {
    await owned.producer.close();
    await ownership.assertNewest(owned.epoch);
    owned.producer = await ownership.takeOver();
    await ownership.assertNewest(owned.epoch);
    owned.isRefused = false;
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
      const producer = await ownership.takeOver();
      try {
        const positions = await ownership.positions(input);
        const epoch = await ownership.beginEpoch(producer);
        const isCommitted = ({ topic, offset }: InMessage) => offset < (positions.get(topic) ?? 0);
        const positionOf = (lane: Lane) => positions.get(inputOf(lane)) ?? 0;
        const progress = () => ({ committed: { live: positionOf('live'), backfill: positionOf('backfill') }, epoch });
        const owned: Owned = { producer, positions, epoch, isRefused: false };
        current = { owned, transactions: { isCommitted, progress, commit: (decided) => commit(owned, decided) } };
        return current.transactions;
      } catch (error) {
        drop(producer);
        throw error;
      }
    },
    async close() {
      await current?.owned.producer.close();
      current = null;
    },
  };
}

/** The positions of a group after these messages, which come in ascending order per topic. */
function positionsAfter(decided: readonly Decided[]): PartitionOffset[] {
  const positions = new Map<string, PartitionOffset>();
  for (const { message } of decided) {
    const { topic, partition, offset } = message;
    positions.set(topic, { topic, partition, offset: offset + 1 });
  }
  return [...positions.values()];
}
