import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { createBullmqRetryQueue } from '../../src/adapters/bullmq/retry-queue.js';
import { retryQueueConformance } from '../conformance/retry-queue.js';

const log = pino({ level: 'silent' });

retryQueueConformance('BullMQ', (prefix) => createBullmqRetryQueue({ url: inject('redisState'), prefix, log }), { durable: true });

it('says within seconds that a server does not answer', async () => {
  const failure = await createBullmqRetryQueue({ url: 'redis://:secret@127.0.0.1:1', prefix: '', log }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'QUEUE_UNAVAILABLE', retriable: true });
  expect(String(failure)).not.toContain('secret');
});
