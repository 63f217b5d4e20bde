import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import type { TopicSpec } from '../../events/topics.js';
import type { Broker, PartitionOffset, TopicInfo } from '../../ports/broker.js';
import { createSerialQueue } from '../common/serial-queue.js';
import { within } from '../common/within.js';
import type { OpenClient } from './client.js';
import { isNotServedYet, isTopicAlreadyThere, toAdminError, toBrokerError } from './errors.js';

/** Whoever asks whether Kafka is there does not want to wait for the retries of other calls. */
const PING_WITHIN_MS = 3000;
const CLOSE_WITHIN_MS = 1000;

const SERVED_TIMEOUT_MS = 15_000;
const SERVED_POLL_MS = 50;

/** The administrative part of the broker port. */
export interface KafkaAdmin extends Pick<Broker, 'ensureTopics' | 'describe' | 'committed' | 'deleteBefore' | 'ping'> {
  /** As `committed`, for topics that are known to exist; one round trip less. */
  positions(groupId: string, topics: readonly string[]): Promise<PartitionOffset[]>;
  /** Removes an empty group; says nothing when it is not there. */
  forgetGroup(groupId: string): Promise<void>;
  close(): Promise<void>;
}

function configEntries({ cleanup, retentionMs }: TopicSpec): { name: string; value: string }[] {
  return [
    { name: 'cleanup.policy', value: cleanup },
    ...(retentionMs === undefined ? [] : [{ name: 'retention.ms', value: String(retentionMs) }]),
  ];
}

async function createMissing(admin: Admin, topics: Parameters<Broker['ensureTopics']>[0], partitions: number): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return;
  try {
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map(({ topic, spec }) => ({ topic, numPartitions: partitions, configEntries: configEntries(spec) })),
    });
  } catch (error) {
    // Another process creates the same topics at this moment.
    if (!isTopicAlreadyThere(error)) throw error;
  }
  // Also for topics that somebody else has just created.
  for (const { topic } of missing) await untilServed(admin, topic);
}

/**
 * Waits until the leaders of a new topic answer for its partitions. kafkajs only waits until they are announced, which is earlier, and
 * gives up at once where the broker has not heard of the topic at all.
 */
async function untilServed(admin: Admin, topic: string): Promise<void> {
  const deadlineMs = Date.now() + SERVED_TIMEOUT_MS;
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (!isNotServedYet(error) || Date.now() >= deadlineMs) throw error;
    }
    await sleep(SERVED_POLL_MS);
  }
}

async function describeTopic(admin: Admin, topic: string): Promise<TopicInfo[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets
    .map(({ partition, low, high }) => ({ topic, partition, earliest: Number(low), latest: Number(high) }))
    .sort((a, b) => a.partition - b.partition);
}

async function describeExisting(admin: Admin, topics: readonly string[]): Promise<TopicInfo[]> {
  const infos: TopicInfo[] = [];
  for (const topic of await existingOf(admin, topics)) infos.push(...(await describeTopic(admin, topic)));
  return infos;
}

async function positionsOf(admin: Admin, groupId: string, topics: readonly string[]): Promise<PartitionOffset[]> {
  if (topics.length === 0) return [];
  const fetched = await admin.fetchOffsets({ groupId, topics: [...topics] });
  return fetched.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({ topic, partition, offset: Number(offset) })).filter(({ offset }) => offset >= 0),
  );
}

async function deleteFrom(admin: Admin, topic: string, positions: readonly PartitionOffset[]): Promise<void> {
  // kafkajs looks for the leaders in what it knows of the cluster, which is nothing of this topic until its offsets were asked for.
  const offsets = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, low }) => [partition, Number(low)]));
  const partitions = positions
    .filter(({ partition, offset }) => offset > (offsets.get(partition) ?? 0))
    .map(({ partition, offset }) => ({ partition, offset: String(offset) }));
  if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions });
}

async function existingOf(admin: Admin, topics: readonly string[]): Promise<string[]> {
  const existing = new Set(await admin.listTopics());
  return topics.filter((topic) => existing.has(topic));
}

export interface KafkaAdminDeps {
  readonly openClient: OpenClient;
  readonly log: Logger;
  /** What ended a connection last: why nobody answers, as kafkajs' own errors come too late to tell. */
  readonly lastSocketError?: () => Error | null;
}

/** One admin connection, opened when it is first needed and opened anew after a failure. */
export function createKafkaAdmin({ openClient, log, lastSocketError = () => null }: KafkaAdminDeps): KafkaAdmin {
  let current: Promise<Admin> | null = null;
  // A client's requests for offsets share one view of the cluster: two at once for different new topics take it from each other.
  const offsetRequests = createSerialQueue();

  async function open(): Promise<Admin> {
    const admin = openClient().admin();
    await admin.connect();
    return admin;
  }

  async function discard(opened: Promise<Admin>): Promise<void> {
    if (current === opened) current = null;
    await opened.then((admin) => admin.disconnect()).catch((error: unknown) => log.debug({ err: error }, 'disconnecting failed'));
  }

  async function withAdmin<T>(doing: string, use: (admin: Admin) => Promise<T>): Promise<T> {
    current ??= open();
    const opened = current;
    try {
      return await use(await opened);
    } catch (error) {
      await discard(opened);
      throw toAdminError(error, doing);
    }
  }

  /** A broker that has just come up does not lead its partitions yet, and kafkajs keeps asking by its old view of the cluster. */
  async function describeWhenServed(topics: readonly string[]): Promise<TopicInfo[]> {
    const deadlineMs = Date.now() + SERVED_TIMEOUT_MS;
    for (;;) {
      try {
        return await withAdmin('describing topics', (admin) => describeExisting(admin, topics));
      } catch (error) {
        if (!isNotServedYet(error) || Date.now() >= deadlineMs) throw error;
      }
      await sleep(SERVED_POLL_MS);
    }
  }

  const askForCluster = () =>
    withAdmin('asking for the cluster', async (admin) => {
      await admin.describeCluster();
    });

  return {
    ensureTopics: (topics, { partitions }) =>
      offsetRequests.run(() => withAdmin('creating topics', (admin) => createMissing(admin, topics, partitions))),
    describe: (topics) => offsetRequests.run(() => describeWhenServed(topics)),
    committed: (groupId, topics) =>
      withAdmin('reading positions', async (admin) => positionsOf(admin, groupId, await existingOf(admin, topics))),
    positions: (groupId, topics) => withAdmin('reading positions', (admin) => positionsOf(admin, groupId, topics)),
    deleteBefore: (positions) =>
      offsetRequests.run(() =>
        withAdmin('deleting records', async (admin) => {
          for (const topic of new Set(positions.map((position) => position.topic))) {
            await deleteFrom(
              admin,
              topic,
              positions.filter((position) => position.topic === topic),
            );
          }
        }),
      ),
    ping() {
      const earlier = lastSocketError();
      return within(PING_WITHIN_MS, 'ping', askForCluster()).catch((error: unknown) => {
        const reason = lastSocketError();
        throw toBrokerError(reason !== null && reason !== earlier ? reason : error, 'asking for the cluster');
      });
    },
    forgetGroup: (groupId) =>
      withAdmin('removing a group', async (admin) => {
        await admin.deleteGroups([groupId]);
      }).catch((error: unknown) => log.debug({ err: error, groupId }, 'a group was not removed')),
    async close() {
      // A connection that is still being tried ends by itself.
      if (current !== null) await within(CLOSE_WITHIN_MS, 'closing', discard(current)).catch(() => {});
    },
  };
}
