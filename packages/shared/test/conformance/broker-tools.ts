import { randomUUID } from 'node:crypto';
import type { Lane } from '../../src/events/lane.js';
import type { Broker, InMessage, PartitionOffset, SubscribeOptions, Subscription } from '../../src/ports/broker.js';
import type { OutRecord } from '../../src/stream/outcome.js';

/** Short enough for tests, long enough for a broker's default minimum. */
export const SESSION_TIMEOUT_MS = 6000;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (message: InMessage): string | null => (message.value === null ? null : new TextDecoder().decode(message.value));
export const record = (topic: string, key: string, text: string): OutRecord => ({ topic, key, value: bytes(text) });

/** A name that no other test uses. */
export const unique = (what: string): string => `test-${what}-${randomUUID().slice(0, 8)}`;

/** Creates topics of one partition count and returns their names. */
export async function createTopics(broker: Broker, partitions: number, ...names: string[]): Promise<string[]> {
  const topics = names.map(unique);
  const spec = { name: 'test', laned: false, cleanup: 'delete', retentionMs: 3_600_000 } as const;
  await broker.ensureTopics(
    topics.map((topic) => ({ topic, spec })),
    { partitions },
  );
  return topics;
}

/** Subscribes to one live topic. */
export function join(broker: Broker, topic: string, groupId: string, options: Partial<SubscribeOptions> = {}): Promise<Subscription> {
  const topics = [{ topic, lane: 'live' as const }];
  return broker.subscribe({
    groupId,
    topics,
    maxBufferedPerLane: 1000,
    from: 'earliest',
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    ...options,
  });
}

/** Takes from a lane until `count` messages came, or fails after `timeoutMs`. */
export async function takeCount(subscription: Subscription, lane: Lane, count: number, timeoutMs = 15_000): Promise<InMessage[]> {
  const deadline = Date.now() + timeoutMs;
  const taken: InMessage[] = [];
  while (taken.length < count) {
    if (Date.now() > deadline) throw new Error(`${taken.length} of ${count} messages after ${timeoutMs} ms`);
    taken.push(...subscription.take(lane, count - taken.length));
    // Not `wait`: it resolves at once while the other lane has messages.
    if (taken.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return taken;
}

/** Resolves when `condition` holds, or fails after `timeoutMs`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 15_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The positions after the given messages, per partition. */
export function positionsAfter(messages: readonly InMessage[]): PartitionOffset[] {
  const positions = new Map<string, PartitionOffset>();
  for (const { topic, partition, offset } of messages) positions.set(`${topic}/${partition}`, { topic, partition, offset: offset + 1 });
  return [...positions.values()];
}

/** Everything that a bounded read yields. */
export async function readAll(broker: Broker, options: Parameters<Broker['read']>[0]): Promise<InMessage[]> {
  const messages: InMessage[] = [];
  for await (const message of broker.read(options)) messages.push(message);
  return messages;
}
