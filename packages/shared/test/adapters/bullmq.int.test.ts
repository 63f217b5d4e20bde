import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
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

/** Stands between a client and Redis; once told to, it swallows what a client sends next and ends that connection. */
async function openCutter(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isArmed = false;
  const server: Server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          redis.destroy();
        });
    }
    redis.pipe(client);
    client.on('data', (bytes) => {
      if (!isArmed) return void redis.write(bytes);
      isArmed = false;
      client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutNext() {
      isArmed = true;
    },
    isCut: () => !isArmed,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

it('goes on when the connection ends before Redis has heard that a retry is done', async () => {
  const cutter = await openCutter(inject('redisState'));
  const queue = await createBullmqRetryQueue({ url: cutter.url, prefix: `cut-${process.pid}.`, log });
  const handled: string[] = [];
  try {
    await queue.consume(async ({ id }) => {
      if (handled.push(id) === 1) cutter.cutNext();
    });
    const job = { lane: 'live', attempt: 1, event: '{}', reason: 'IMAGE_TIMEOUT', receivedAt: 0 } as const;
    await queue.schedule({ ...job, id: 'first' }, 0);
    await expect.poll(() => handled.length > 0 && cutter.isCut(), { timeout: 5000 }).toBe(true);
    await expect
      .poll(
        () =>
          queue.schedule({ ...job, id: 'second' }, 0).then(
            () => true,
            () => false,
          ),
        { timeout: 5000 },
      )
      .toBe(true);
    await expect.poll(() => handled, { timeout: 10_000 }).toContain('second');
  } finally {
    await queue.close();
    cutter.close();
  }
});
