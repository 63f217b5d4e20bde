import { randomUUID } from 'node:crypto';
import type { SubscribeOptions, Subscription, TopicPartition } from '../../ports/broker.js';
import { createCommitGuard } from '../common/commit-guard.js';
import { drainWithin } from '../common/drain.js';
import { createLaneBuffers, laneViews } from '../common/lane-buffers.js';
import type { MemoryGroup } from './group.js';
import { type TopicLog, toInMessage } from './topic-log.js';

const DRAIN_DEADLINE_MS = 10_000;

interface Cursor extends TopicPartition {
  offset: number;
}

/** Joins `group` and delivers from `log`. Resolves when the first assignment is there. */
export async function createMemorySubscription(
  deps: { readonly log: TopicLog; readonly group: MemoryGroup; readonly onClosed: (subscription: Subscription) => void },
  options: SubscribeOptions,
): Promise<Subscription> {
  const { log, group } = deps;
  const memberId = randomUUID();
  const laneOf = new Map(options.topics.map(({ topic, lane }) => [topic, lane]));
  const buffers = createLaneBuffers();
  const guard = createCommitGuard();
  let cursors: Cursor[] = [];
  let generation = 0;
  let drain: (() => Promise<void>) | null = null;
  let closing: Promise<void> | null = null;

  /** Moves one entry into the buffers; false when there is none or no room. */
  function advance(cursor: Cursor): boolean {
    const { topic, partition } = cursor;
    const offset = Math.max(cursor.offset, log.earliest(topic, partition));
    const lane = laneOf.get(topic) ?? 'live';
    const entry = buffers.size(lane) < options.maxBufferedPerLane ? log.at(topic, partition, offset) : undefined;
    if (entry === undefined) return false;
    cursor.offset = offset + 1;
    const message = toInMessage(entry, { topic, partition, offset, lane, generation });
    if (message !== null) buffers.push(lane, [message]);
    return true;
  }

  /** Fills the buffers up to their bound, partitions taking turns. */
  function fill(): void {
    let moved = true;
    while (moved) moved = cursors.map(advance).includes(true);
  }

  async function revoke(): Promise<void> {
    cursors = [];
    buffers.clear();
    if (drain !== null) await drainWithin(drain, DRAIN_DEADLINE_MS);
  }

  function assign(next: number, partitions: readonly TopicPartition[]): void {
    generation = next;
    guard.reset();
    cursors = partitions.map((partition) => ({
      ...partition,
      offset: group.committed(partition) ?? (options.from === 'earliest' ? 0 : log.latest(partition.topic, partition.partition)),
    }));
    fill();
  }

  async function leave(): Promise<void> {
    stopListening();
    await group.leave(memberId);
    guard.reset();
    buffers.close();
    deps.onClosed(subscription);
  }

  const subscription: Subscription = {
    take(lane, max) {
      const taken = buffers.take(lane, max);
      guard.handedOut(taken);
      if (buffers.size(lane) * 2 < options.maxBufferedPerLane) fill();
      return taken;
    },
    ...laneViews(buffers),
    async commit(offsets) {
      group.commit(guard.committable(offsets));
    },
    generation: () => generation,
    assignment: () => cursors.map(({ topic, partition }) => ({ topic, partition })),
    onRevoke(next) {
      drain = next;
    },
    failed: new Promise<never>(() => {}),
    close() {
      closing ??= leave();
      return closing;
    },
  };
  const stopListening = log.onAppend(fill);
  await group.join({ memberId, topics: options.topics.map(({ topic }) => topic), revoke, assign });
  return subscription;
}
