import type { Consumer, EachBatchPayload } from 'kafkajs';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createMembership } from '../../../src/adapters/kafka/membership.js';

const PARTITION = { topic: 'events', partition: 0 };
const consumer = { pause: () => {}, resume: () => {} } as unknown as Consumer;

const batchAt = (offset: number) =>
  ({
    ...PARTITION,
    messages: [{ key: Buffer.from('p1'), value: Buffer.from('{}'), offset: String(offset), timestamp: '0', headers: {}, attributes: 0 }],
  }) as unknown as EachBatchPayload['batch'];

function join() {
  const options = {
    groupId: 'group',
    topics: [{ topic: 'events', lane: 'live' as const }],
    maxBufferedPerLane: 10,
    from: 'earliest' as const,
  };
  const member = createMembership(options, 1000, pino({ level: 'silent' }));
  member.handlers.assigned([PARTITION], consumer);
  return member;
}

test('delivers what is fetched for an assignment', () => {
  const member = join();
  member.handlers.batch(batchAt(7), consumer);
  expect(member.take('live', 5).map(({ offset }) => offset)).toEqual([7]);
});

// Kafka was killed in the middle of a rebalance: kafkajs went on as the member it had been, its partitions were assigned to nobody who took them.
test('joins again where a join was begun, for which all was given up, and kafkajs goes on without having joined', async () => {
  const member = join();
  await member.handlers.beforeJoin();
  expect(() => member.handlers.batch(batchAt(7), consumer)).toThrow(expect.objectContaining({ type: 'REBALANCE_IN_PROGRESS' }));
  expect(member.take('live', 5)).toEqual([]);
  member.handlers.assigned([PARTITION], consumer);
  member.handlers.batch(batchAt(7), consumer);
  expect(member.take('live', 5).map(({ offset }) => offset)).toEqual([7]);
});

test('does not join again while it leaves', async () => {
  const member = join();
  await member.leave();
  member.handlers.batch(batchAt(7), consumer);
  expect(member.take('live', 5)).toEqual([]);
});
