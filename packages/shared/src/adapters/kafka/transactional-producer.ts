import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners, type Producer, type Transaction } from 'kafkajs';
import type { Logger } from 'pino';
import { LabelstreamError } from '../../errors.js';
import type { PartitionOffset, TransactionalProducer } from '../../ports/broker.js';
import type { OutRecord } from '../../stream/outcome.js';
import { createSerialQueue } from '../common/serial-queue.js';
import type { KafkaAdmin } from './admin.js';
import type { OpenClient } from './client.js';
import { isConcurrentTransaction, toBrokerError } from './errors.js';
import { splitBySize, topicsOf, toTopicMessages } from './messages.js';

/** After a crash nobody reads past an open transaction until its successor begins or this time is over. */
const TRANSACTION_TIMEOUT_MS = 30_000;
/** The markers of the last transaction are written within milliseconds; kafkajs' default of 300 ms would allow five transactions a second. */
const RETRY = { initialRetryTime: 3, factor: 0.2, multiplier: 1.5, maxRetryTime: 1000, retries: 18 };
const OFFSETS_ATTEMPTS = 200;
const OFFSETS_PAUSE_MS = 5;
/** How long `commit` waits for the positions to be readable; the transaction is durable before. */
const READABLE_WITHIN_MS = 2000;
const READABLE_PAUSE_MS = 2;

interface Positions {
  readonly groupId: string;
  readonly offsets: readonly PartitionOffset[];
}

type TransactionalDeps = { readonly openClient: OpenClient; readonly log: Logger; readonly positions: KafkaAdmin['positions'] };

/** Connects and takes over the transactional id: producers opened with it before are fenced, a transaction left open is aborted. */
async function open({ openClient }: TransactionalDeps, transactionalId: string): Promise<Producer> {
  const producer = openClient().producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    transactionalId,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: RETRY,
  });
  try {
    await producer.connect();
    // kafkajs takes over the id only when a transaction begins; an empty one is not sent.
    await (await producer.transaction()).abort();
  } catch (error) {
    await producer.disconnect().catch(() => {});
    throw toBrokerError(error, `taking over the transactional id ${transactionalId}`);
  }
  return producer;
}

function toTopicOffsets(offsets: readonly PartitionOffset[]) {
  const topics = [...new Set(offsets.map(({ topic }) => topic))];
  return topics.map((topic) => ({
    topic,
    partitions: offsets
      .filter((position) => position.topic === topic)
      .map(({ partition, offset }) => ({ partition, offset: String(offset) })),
  }));
}

/** kafkajs waits for the last transaction's markers before it adds records, but not before it adds offsets alone. */
async function sendOffsets(transaction: Transaction, { groupId, offsets }: Positions): Promise<void> {
  if (offsets.length === 0) return;
  for (let attempt = 1; ; attempt++) {
    try {
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: toTopicOffsets(offsets) });
      return;
    } catch (error) {
      if (!isConcurrentTransaction(error) || attempt >= OFFSETS_ATTEMPTS) throw error;
      await sleep(OFFSETS_PAUSE_MS);
    }
  }
}

const samePositions = (a: Positions, b: Positions): boolean =>
  a.groupId === b.groupId &&
  a.offsets.length === b.offsets.length &&
  a.offsets.every((left) =>
    b.offsets.some((right) => left.topic === right.topic && left.partition === right.partition && left.offset === right.offset),
  );

/**
 * A transactional producer.
 *
 * When the answer to the final commit is lost, nobody knows whether the transaction went through, and `commit` throws BROKER_UNAVAILABLE.
 * The next call first takes over the id again, which ends the old transaction one way or the other, and then looks at the group's
 * positions: if they are the ones of the unanswered call and the new call asks for the same, it was committed and nothing is written again.
 * So after BROKER_UNAVAILABLE the caller repeats the batch with the same positions. After any other failure nothing was written.
 */
export async function createKafkaTransactionalProducer(deps: TransactionalDeps, transactionalId: string): Promise<TransactionalProducer> {
  const { log } = deps;
  const queue = createSerialQueue();
  let current: Producer | null = await open(deps, transactionalId);
  let unanswered: Positions | null = null;
  let ended: LabelstreamError | null = null;

  async function discard(): Promise<void> {
    const old = current;
    current = null;
    await old?.disconnect().catch((error: unknown) => log.debug({ err: error }, 'disconnecting a producer failed'));
  }

  /** The producer is opened anew after every failure: its sequence numbers may differ from the broker's. */
  async function fail(error: unknown, topics: string): Promise<never> {
    await discard();
    const mapped = toBrokerError(error, `transaction of ${transactionalId} to ${topics}`);
    if (mapped.code === 'BROKER_FENCED') ended = mapped;
    throw mapped;
  }

  async function wasCommitted(positions: Positions): Promise<boolean> {
    if (positions.offsets.length === 0) return false;
    const topics = [...new Set(positions.offsets.map(({ topic }) => topic))];
    const committed = await deps.positions(positions.groupId, topics);
    return positions.offsets.every(({ topic, partition, offset }) =>
      committed.some((position) => position.topic === topic && position.partition === partition && position.offset >= offset),
    );
  }

  /**
   * The broker answers before the positions are readable, and kafkajs' consumers do not ask for stable ones: a member that took over the
   * partition in between would begin too early.
   */
  async function untilReadable(positions: Positions): Promise<void> {
    const deadline = Date.now() + READABLE_WITHIN_MS;
    while (positions.offsets.length > 0 && Date.now() < deadline) {
      const readable = await wasCommitted(positions).catch(() => true);
      if (readable) return;
      await sleep(READABLE_PAUSE_MS);
    }
  }

  async function fill(transaction: Transaction, records: readonly OutRecord[], positions: Positions): Promise<void> {
    try {
      for (const run of splitBySize(records)) await transaction.sendBatch({ acks: -1, topicMessages: toTopicMessages(run) });
      await sendOffsets(transaction, positions);
    } catch (error) {
      await transaction.abort().catch((problem: unknown) => log.debug({ err: problem }, 'aborting failed; the next producer does it'));
      throw error;
    }
  }

  async function settle(positions: Positions): Promise<boolean> {
    if (unanswered === null) return false;
    const done = (await wasCommitted(unanswered)) && samePositions(unanswered, positions);
    unanswered = null;
    return done;
  }

  async function commit(records: readonly OutRecord[], positions: Positions): Promise<void> {
    if (ended !== null) throw ended;
    try {
      current ??= await open(deps, transactionalId);
      if (await settle(positions)) return;
      const transaction = await current.transaction();
      await fill(transaction, records, positions);
      unanswered = positions;
      await transaction.commit();
      unanswered = null;
      await untilReadable(positions);
    } catch (error) {
      await fail(error, topicsOf([...records, ...positions.offsets]));
    }
  }

  return {
    commit: (records, positions) => queue.run(() => commit(records, positions)),
    close: () =>
      queue.run(async () => {
        ended ??= new LabelstreamError('BROKER_UNAVAILABLE', 'the producer is closed');
        await discard();
      }),
  };
}
