import { passHeaders } from '@labelstream/shared/events/headers';
import { topicNames } from '@labelstream/shared/events/topics';
import type { RetryJob, RetryQueue } from '@labelstream/shared/ports/retry-queue';
import type { OutRecord } from '@labelstream/shared/stream/outcome';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../src/arrival.js';
import { rest, restMs } from '../src/rest.js';
import { startRetryConsumer } from '../src/retry-consumer.js';

function recordingQueue() {
  const planned: { job: RetryJob; delayMs: number }[] = [];
  return { planned, queue: { schedule: async (job: RetryJob, delayMs: number) => void planned.push({ job, delayMs }) } };
}

const arrival = (pass: Partial<Arrival['pass']>): Arrival => ({
  head: {
    productId: 'p',
    version: 4,
    revision: 2,
    op: 'UPSERT',
    lane: 'backfill',
    listing: { title: 'a shirt', attributes: {}, images: [] },
    occurredAt: 5,
    receivedAt: 6,
  },
  pass: { attempt: 2, revision: 2, requeue: 0, ...pass },
});

const restOf = (pass: Partial<Arrival['pass']>, queue: Pick<RetryQueue, 'schedule'>, random = 0.5) =>
  rest({ arrival: arrival(pass) }, { retryQueue: queue, random: () => random });

describe('a listing that was sent back', () => {
  it.each([{ requeue: 0 }, { requeue: 1 }, { requeue: 3, rested: 3 }])('passes at once: %j', async (pass) => {
    const { planned, queue } = recordingQueue();
    expect(await restOf(pass, queue)).toEqual({ arrival: arrival(pass) });
    expect(planned).toEqual([]);
  });

  it('again is deferred, longer each time, and no longer than half a minute', async () => {
    const { planned, queue } = recordingQueue();
    for (const requeue of [2, 3, 4, 5, 6, 7, 8])
      expect(await restOf({ requeue, rested: requeue - 1 }, queue)).toEqual({ outcome: { kind: 'defer', reason: 'CLAIM_CHECK_VANISHED' } });
    expect(planned.map(({ delayMs }) => delayMs)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(new Set(planned.map(({ job }) => job.id)).size).toBe(planned.length);
  });

  it('waits by chance a little more or less', async () => {
    const { planned, queue } = recordingQueue();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 20 }), fc.double({ min: 0, max: 0.999, noNaN: true }), async (requeue, random) => {
        await restOf({ requeue }, queue, random);
        const { delayMs } = planned.at(-1)!;
        expect(Math.abs(delayMs / restMs(requeue) - 1)).toBeLessThanOrEqual(0.2001);
      }),
    );
  });

  it('comes again as it was, and passes then', async () => {
    const { planned, queue } = recordingQueue();
    await restOf({ requeue: 3, replays: 1 }, queue);
    const { job } = planned[0]!;
    const sent: OutRecord[] = [];
    await startRetryConsumer({
      retryQueue: { ...queue, consume: (handle) => handle(job), pending: async () => 0, close: async () => {} },
      producer: { send: async (records) => void sent.push(...records), close: async () => {} },
      topics: topicNames(''),
    });
    expect(sent).toMatchObject([{ topic: 'product.events.backfill', key: 'p' }]);
    expect(sent[0]!.headers).toEqual(passHeaders({ attempt: 2, revision: 2, receivedAt: 6, requeue: 3, rested: 3, replays: 1 }));
    expect(JSON.parse(Buffer.from(sent[0]!.value!).toString())).toMatchObject({ productId: 'p', version: 4, title: 'a shirt' });
  });
});
