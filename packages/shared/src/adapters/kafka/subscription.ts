import type { Consumer } from 'kafkajs';
import type { Logger } from 'pino';
import type { PartitionOffset, SubscribeOptions, Subscription } from '../../ports/broker.js';
import { laneViews } from '../common/lane-buffers.js';
import { createSerialQueue } from '../common/serial-queue.js';
import { within } from '../common/within.js';
import type { OpenClient } from './client.js';
import { startConsumer } from './consumer.js';
import { isLostMembership, toBrokerError } from './errors.js';
import { createMembership } from './membership.js';

/**
 * kafkajs joins as a new member after an outage of Kafka, and the group then waits until the session of the old one is over. This is also
 * how long the partitions of a killed process wait for another.
 */
const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
const MAX_DRAIN_MS = 10_000;

/** kafkajs' retries are nested and would take longer. */
const COMMIT_WITHIN_MS = 10_000;

type Commit = (offsets: readonly PartitionOffset[]) => Promise<void>;

/** Commits one after the other: one that Kafka did not answer in time may still be carried out, and must not overtake a later one. */
function createCommit(consumer: Consumer, log: Logger): Commit {
  const queue = createSerialQueue();
  return async (offsets) => {
    if (offsets.length === 0) return;
    const positions = offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) }));
    try {
      await within(
        COMMIT_WITHIN_MS,
        'answer',
        queue.run(() => consumer.commitOffsets(positions)),
      );
    } catch (error) {
      // The new owner begins at the last committed position and does this work again.
      if (!isLostMembership(error)) throw toBrokerError(error, 'committing offsets');
      log.debug({ offsets }, 'positions of a lost generation were not committed');
    }
  };
}

/**
 * A subscription on kafkajs. The buffers may exceed their bound by what one answer of a broker brings (at most 4 MiB): it is kept rather
 * than fetched again.
 */
export async function createKafkaSubscription(
  deps: { readonly openClient: OpenClient; readonly log: Logger; readonly onClosed: (subscription: Subscription) => void },
  options: SubscribeOptions,
): Promise<Subscription> {
  const { openClient, log, onClosed } = deps;
  const sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  // Nobody sends heartbeats while draining, so the session must outlive it.
  const member = createMembership(options, Math.min(MAX_DRAIN_MS, sessionTimeoutMs / 2), log);
  const { buffers, guard } = member;
  const { consumer, failed, close } = await startConsumer(
    openClient,
    {
      groupId: options.groupId,
      topics: options.topics.map(({ topic }) => topic),
      fromBeginning: options.from === 'earliest',
      sessionTimeoutMs,
    },
    member.handlers,
  );
  const commit = createCommit(consumer, log);
  let closing: Promise<void> | null = null;

  async function leave(): Promise<void> {
    await member.leave();
    await close().catch((error: unknown) => log.debug({ err: error }, 'leaving the group failed'));
    member.end();
    onClosed(subscription);
  }

  const subscription: Subscription = {
    take: member.take,
    ...laneViews(buffers),
    commit: (offsets) => commit(guard.committable(offsets)),
    generation: member.generation,
    assignment: member.assignment,
    onRevoke: member.onRevoke,
    failed,
    close() {
      closing ??= leave();
      return closing;
    },
  };
  return subscription;
}
