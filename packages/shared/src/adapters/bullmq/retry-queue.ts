import { Queue, Worker } from 'bullmq';
import type { Logger } from 'pino';
import { LabelstreamError } from '../../errors.js';
import type { RetryJob, RetryQueue } from '../../ports/retry-queue.js';
import type { TlsOptions } from '../common/tls.js';
import { within } from '../common/within.js';
import { connectionErrorLog, firstError, redisOptions } from '../redis/connection.js';
import { guarded, JOB_OPTIONS, jobBackoff, queuePrefix, WITHOUT_END, workerConnection } from './jobs.js';

const QUEUE_NAME = 'image-retries';
const READY_WITHIN_MS = 5000;
const CLOSE_WITHIN_MS = 10_000;
/** A job of a process that was killed is handed out again after at most twice this long. */
const LOCK_MS = 15_000;

/** How to reach the queue. */
export interface BullmqRetryQueueDeps {
  /** The state Redis, which must not evict. */
  readonly url: string;
  /** Prefix of the deployment; queues of different prefixes know nothing of each other. */
  readonly prefix: string;
  /** For a `rediss` URL. */
  readonly tls?: TlsOptions | undefined;
  readonly log: Logger;
}

/** BullMQ forbids `:` and plain numbers in job ids. */
const jobIdOf = (id: string): string => `retry-${Buffer.from(id, 'utf8').toString('base64url')}`;

const backoffMs = jobBackoff({ firstMs: 1000, maxMs: 60_000 });

async function openQueue(
  { url, prefix, tls, log }: BullmqRetryQueueDeps,
  isClosing: () => boolean,
): Promise<Queue<RetryJob, void, string>> {
  const queue = new Queue<RetryJob, void, string>(QUEUE_NAME, {
    connection: redisOptions(url, { tls, isClosing }),
    prefix: queuePrefix(prefix),
    defaultJobOptions: JOB_OPTIONS,
  });
  const emitted = firstError(queue);
  queue.on('error', connectionErrorLog(log, url, 'retry queue connection'));
  try {
    await within(READY_WITHIN_MS, 'connecting', queue.waitUntilReady());
  } catch (error) {
    await queue.close().catch(() => {});
    throw emitted() ?? error;
  }
  return queue;
}

function openWorker(
  { url, prefix, tls, log }: BullmqRetryQueueDeps,
  isClosing: () => boolean,
  handle: (job: RetryJob) => Promise<void>,
): Worker<RetryJob, void> {
  const worker = new Worker<RetryJob, void>(QUEUE_NAME, (job) => handle(job.data), {
    connection: workerConnection(url, { tls, isClosing }),
    prefix: queuePrefix(prefix),
    concurrency: 1,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS,
    maxStalledCount: WITHOUT_END,
    settings: { backoffStrategy: backoffMs },
  });
  worker.on('error', connectionErrorLog(log, url, 'retry worker connection'));
  worker.on('failed', (job, error) => log.warn({ id: job?.data.id, reason: error.message }, 'a retry was not handled; it comes again'));
  return worker;
}

/** The retry queue on BullMQ. Throws QUEUE_UNAVAILABLE when Redis does not answer, CONFIG_INVALID when it refuses the credentials. */
export async function createBullmqRetryQueue(deps: BullmqRetryQueueDeps): Promise<RetryQueue> {
  let closing: Promise<void> | null = null;
  let isDone = false;
  const isClosing = () => isDone;
  const queue = await guarded('connecting', () => openQueue(deps, isClosing));
  let worker: Worker<RetryJob, void> | null = null;

  async function closeAll(): Promise<void> {
    // BullMQ's clients would outlive a close while Redis is away.
    isDone = true;
    const problem = (error: unknown) => deps.log.warn({ reason: String(error) }, 'closing the retry queue');
    // Without Redis nothing can be marked as done: the job under way is handed out again, and BullMQ would wait for Redis in vain.
    const isReachable = await queue.getJobCountByTypes('active').then(
      () => true,
      () => false,
    );
    if (worker !== null) await within(CLOSE_WITHIN_MS, 'closing the worker', worker.close(!isReachable)).catch(problem);
    await within(CLOSE_WITHIN_MS, 'closing the queue', queue.close()).catch(problem);
  }

  function assertOpen(): void {
    if (closing !== null) throw new LabelstreamError('QUEUE_UNAVAILABLE', 'the retry queue is closed');
  }

  return {
    schedule: (job, delayMs) =>
      guarded('planning a retry', async () => {
        assertOpen();
        await queue.add('retry', job, { jobId: jobIdOf(job.id), delay: Math.max(0, Math.ceil(delayMs)) });
      }),
    consume: (handle) =>
      guarded('consuming retries', async () => {
        assertOpen();
        worker = openWorker(deps, isClosing, handle);
        await within(READY_WITHIN_MS, 'connecting', worker.waitUntilReady());
      }),
    pending: () =>
      guarded('counting retries', async () => {
        assertOpen();
        return queue.getJobCountByTypes('waiting', 'delayed', 'prioritized');
      }),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}
