import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { RetryJob, RetryQueue } from '@labelstream/shared/ports/retry-queue';
import { expect, test, vi } from 'vitest';
import { planRetry } from '../src/retry.js';
import { event, message } from './harness.js';
import { useListingFolder } from './listing-folder.js';

const folder = useListingFolder();
const { env, file, open, root } = folder;
const sha256Of = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** A queue that keeps what is planned and hands nothing out. */
function recordingQueue() {
  const planned: { job: RetryJob; delayMs: number }[] = [];
  const queue: RetryQueue = {
    schedule: async (job, delayMs) => void planned.push({ job, delayMs }),
    consume: async () => {},
    pending: async () => planned.length,
    close: async () => {},
  };
  return { planned, queue };
}

test('a late image: the text goes on at once, and an attempt is planned', async () => {
  const { planned, queue } = recordingQueue();
  const ingest = await open(env, { retryQueue: queue });
  const before = Date.now();
  const outcome = await ingest.pass(message(event({ images: [file('late.jpg')] }), { lane: 'backfill' }));
  const record = await ingest.prepared(outcome);
  expect(record).toMatchObject({ image: { state: 'PENDING', reason: 'IMAGE_NOT_FOUND' }, text: { state: 'USED' }, revision: 0 });
  expect(outcome).toMatchObject({ note: 'IMAGE_NOT_FOUND' });
  expect(planned).toHaveLength(1);
  const { job, delayMs } = planned[0]!;
  expect(job).toMatchObject({ id: 'p-1:1:1', lane: 'backfill', attempt: 1, reason: 'IMAGE_NOT_FOUND', receivedAt: record.receivedAt });
  expect(JSON.parse(job.event)).toEqual(event({ images: [file('late.jpg')] }));
  expect(delayMs).toBeGreaterThanOrEqual(800);
  expect(delayMs).toBeLessThanOrEqual(1200);
  expect(record.receivedAt).toBeGreaterThanOrEqual(before);
});

test('a late image without a text: nothing goes on yet, and an attempt is planned', async () => {
  const { planned, queue } = recordingQueue();
  const ingest = await open(env, { retryQueue: queue });
  expect(await ingest.pass(message(event({ title: '', images: [file('late.jpg')] })))).toEqual({
    kind: 'defer',
    reason: 'IMAGE_NOT_FOUND',
  });
  expect(planned.map(({ job }) => job.id)).toEqual(['p-1:1:1']);
});

const headersOf = (attempt: number) => ({
  'labelstream-attempt': String(attempt),
  'labelstream-revision': String(attempt),
  'labelstream-received-at': '1700000000123',
});

test('a later attempt plans the next one, after its own delay, and says nothing that was said already', async () => {
  const { planned, queue } = recordingQueue();
  const ingest = await open(env, { retryQueue: queue });
  const outcome = await ingest.pass(message(event({ images: [file('late.jpg')] }), { headers: headersOf(1) }));
  expect(outcome).toEqual({ kind: 'defer', reason: 'IMAGE_NOT_FOUND' });
  expect(planned[0]).toMatchObject({ job: { id: 'p-1:1:2', attempt: 2, receivedAt: 1_700_000_000_123 } });
  expect(planned[0]!.delayMs).toBeGreaterThanOrEqual(1600);
});

test('after the last attempt the failure is a dead letter, and the labels learn that no image will come', async () => {
  const { planned, queue } = recordingQueue();
  const ingest = await open(env, { retryQueue: queue });
  const outcome = await ingest.pass(message(event({ images: [file('late.jpg')] }), { headers: headersOf(2) }));
  expect(outcome).toMatchObject({ kind: 'deadLetter', code: 'IMAGE_NOT_FOUND' });
  const [record] = outcome.kind === 'deadLetter' ? (outcome.records ?? []) : [];
  expect(await ingest.context.codecs.prepared.decode(record!.value!)).toMatchObject({
    revision: 2,
    image: { state: 'FAILED', reason: 'IMAGE_NOT_FOUND' },
    text: { state: 'USED' },
  });
  expect(planned).toEqual([]);
});

test('where no attempts are planned at all, the image fails at once and the text goes on', async () => {
  const ingest = await open({ ...env, IMAGE_RETRY_DELAYS_MS: 'none' });
  const record = await ingest.prepared(await ingest.pass(message(event({ images: [file('late.jpg')] }))));
  expect(record.image).toEqual({ state: 'FAILED', reason: 'IMAGE_NOT_FOUND' });
});

test('an image that arrives late makes the listing pass as the next revision', async () => {
  const ingest = await open({ ...env, IMAGE_RETRY_DELAYS_MS: '30,30,30,30,30,30,30,30' });
  await ingest.pass(message(event({ images: [file('arrives.jpg')] })));
  writeFileSync(join(root, 'arrives.jpg'), folder.jpeg);
  const { broker, topics } = ingest.context;
  const retried = await vi.waitFor(async () => {
    for await (const each of broker.read({ topic: topics.of('events') })) return each;
    throw new Error('not yet');
  });
  const record = await ingest.prepared(await ingest.pass({ ...retried, lane: 'live' }));
  expect(retried.key).toBe('p-1');
  expect(record).toMatchObject({
    revision: 1,
    version: 1,
    image: { state: 'USED', sha256: sha256Of(folder.jpeg) },
    text: { state: 'USED' },
  });
});

test('a late image that turns out to be none is told by the next revision', async () => {
  const ingest = await open(env);
  const record = await ingest.prepared(await ingest.pass(message(event({ images: [file('page.jpg')] }), { headers: headersOf(1) })));
  expect(record).toMatchObject({ revision: 1, image: { state: 'FAILED', reason: 'IMAGE_NOT_AN_IMAGE' } });
});

test('a retry queue that is down is thrown, so that no late image is forgotten', async () => {
  const down = async () => {
    throw new LabelstreamError('QUEUE_UNAVAILABLE', 'down');
  };
  const ingest = await open(env, { retryQueue: { ...recordingQueue().queue, schedule: down } });
  await expect(ingest.pass(message(event({ images: [file('late.jpg')] })))).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
});

test('no attempt is planned while its host is left alone, and those that wait for one host are spread', async () => {
  const { planned, queue } = recordingQueue();
  const draws = [0, 0.5, 0];
  const deps = { retryQueue: queue, delaysMs: [1000], random: () => draws.shift() ?? 0 };
  const { productId, version, op, images, ...listing } = event({ images: [] });
  const head = {
    productId,
    version,
    op,
    revision: 0,
    lane: 'live' as const,
    listing: { ...listing, images },
    occurredAt: 0,
    receivedAt: 0,
  };
  const arrival = { head, pass: { attempt: 0, revision: 0, requeue: 0, replays: 0 } } as unknown as Parameters<typeof planRetry>[0];
  await planRetry(arrival, 'IMAGE_FETCH_FAILED', deps, 60_000);
  await planRetry(arrival, 'IMAGE_FETCH_FAILED', deps, 0);
  expect(planned.map(({ delayMs }) => delayMs)).toEqual([66_000, 800]);
});
