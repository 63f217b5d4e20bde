import { Queue, Worker } from 'bullmq';
import type { Logger } from 'pino';
import { LabelstreamError } from '../../errors.js';
import type { RetryJob, RetryQueue } from '../../ports/retry-queue.js';
import type { TlsOptions } from '../common/tls.js';
import { within } from '../common/within.js';
import { connectionErrorLog, firstError, redisOptions, toRedisError } from '../redis/connection.js';

const QUEUE_NAME = 'image-retries';
const READY_WITHIN_MS = 5000;
const CLOSE_WITHIN_MS = 10_000;
/** A job of a process that was killed is handed out again after at most twice this long. */
const LOCK_MS = 15_000;
/** As good as for ever: a planned retry is given up by whoever plans it, never by the queue. */
const WITHOUT_END = 1_000_000;
const MAX_BACKOFF_MS = 60_000;

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

const backoffMs = (failures: number): number =>
  Math.min(MAX_BACKOFF_MS, 1000 * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);

async function openQueue(
  { url, prefix, tls, log }: BullmqRetryQueueDeps,
  isClosing: () => boolean,
): Promise<Queue<RetryJob, void, string>> {
  const queue = new Queue<RetryJob, void, string>(QUEUE_NAME, {
    connection: redisOptions(url, { tls, isClosing }),
    prefix: keyPrefix(prefix),
    defaultJobOptions: {
      removeOnComplete: true,
      attempts: WITHOUT_END,
      backoff: { type: 'custom' },
      stackTraceLimit: 1,
      keepLogs: 0,
    },
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

/** In braces, so that a Redis cluster keeps all keys of the queue together. */
const keyPrefix = (prefix: string): string => `{${prefix}labelstream}`;

function openWorker(
  { url, prefix, tls, log }: BullmqRetryQueueDeps,
  isClosing: () => boolean,
  handle: (job: RetryJob) => Promise<void>,
): Worker<RetryJob, void> {
  // A worker waits for jobs in a command that blocks, and keeps waiting while the server is away.
  const { commandTimeout: _, ...options } = redisOptions(url, { tls, isClosing });
  const worker = new Worker<RetryJob, void>(QUEUE_NAME, (job) => handle(job.data), {
    connection: { ...options, enableOfflineQueue: true, maxRetriesPerRequest: null },
    prefix: keyPrefix(prefix),
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
  async function guarded<T>(doing: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw toRedisError(error, 'QUEUE_UNAVAILABLE', doing);
    }
  }

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
