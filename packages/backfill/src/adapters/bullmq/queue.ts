import { guarded, JOB_OPTIONS, jobBackoff, queuePrefix, WITHOUT_END, workerConnection } from '@labelstream/shared/adapters/bullmq/jobs';
import type { TlsOptions } from '@labelstream/shared/adapters/common/tls';
import { within } from '@labelstream/shared/adapters/common/within';
import { connectionErrorLog, redisOptions } from '@labelstream/shared/adapters/redis/connection';
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import type { Logger } from 'pino';
import type { BackfillJob, JobEnd, JobQueue } from '../../job/store.js';

const QUEUE_NAME = 'backfill-ranges';
/** A job whose worker was killed goes to another one after this long and one look more. */
const LOCK_MS = 10_000;
const STALLED_INTERVAL_MS = 5000;
const CLOSE_WITHIN_MS = 10_000;

/** How to reach the queue. */
export interface BullmqJobQueueDeps {
  /** The state Redis, which must not evict. */
  readonly url: string;
  readonly prefix: string;
  readonly tls?: TlsOptions | undefined;
  readonly log: Logger;
}

type Jobs = Queue<BackfillJob, void, string>;

/** Made of the backfill's id, so that a job can be added as often as one likes: BullMQ takes it once while it is there. */
const jobIdOf = ({ id, ordinal }: BackfillJob) => `${id}-${ordinal ?? 'plan'}`;

const backoffMs = jobBackoff({ firstMs: 500, maxMs: 30_000 });

function openQueue({ url, prefix, tls, log }: BullmqJobQueueDeps, isClosing: () => boolean): Jobs {
  const queue: Jobs = new Queue(QUEUE_NAME, {
    connection: redisOptions(url, { tls, isClosing }),
    prefix: queuePrefix(prefix),
    streams: { events: { maxLen: 100 } },
    defaultJobOptions: { ...JOB_OPTIONS, removeOnFail: true },
  });
  queue.on('error', connectionErrorLog(log, url, 'backfill queue connection'));
  return queue;
}

type Handle = (job: BackfillJob) => Promise<JobEnd>;

/** `again` puts the job behind the others of its priority, as if it had been added now. */
const processorOf = (handle: Handle) => async (job: Job<BackfillJob, void>, token?: string) => {
  if ((await handle(job.data)) === 'done') return;
  await job.moveToDelayed(Date.now() + 1, token);
  throw new DelayedError();
};

function openWorker({ url, prefix, tls, log }: BullmqJobQueueDeps, isClosing: () => boolean, handle: Handle, concurrency: number) {
  const worker = new Worker<BackfillJob, void>(QUEUE_NAME, processorOf(handle), {
    connection: workerConnection(url, { tls, isClosing }),
    prefix: queuePrefix(prefix),
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: WITHOUT_END,
    settings: { backoffStrategy: backoffMs },
  });
  worker.on('error', connectionErrorLog(log, url, 'backfill worker connection'));
  worker.on('failed', (job, error) => log.warn({ job: job?.data, reason: error.message }, 'a part of a backfill comes again'));
  worker.on('stalled', (jobId) => log.warn({ jobId }, 'a part of a backfill was taken over from a worker that is gone'));
  return worker;
}

async function waitingJobs(queue: Jobs, max: number): Promise<BackfillJob[]> {
  return (await queue.getPrioritized(0, max - 1)).flatMap((job) => (job === undefined ? [] : [job.data]));
}

/** The queue of backfill jobs on BullMQ. */
export function createBullmqJobQueue(deps: BullmqJobQueueDeps): JobQueue {
  let isDone = false;
  const isClosing = () => isDone;
  const queue = openQueue(deps, isClosing);
  let worker: ReturnType<typeof openWorker> | null = null;

  async function closeAll(): Promise<void> {
    const problem = (error: unknown) => deps.log.warn({ reason: String(error) }, 'closing the backfill queue');
    // Without Redis nothing can be marked as done: BullMQ would wait for it in vain, and the jobs are handed out again.
    const isReachable = await queue.getJobCountByTypes('active').then(
      () => true,
      () => false,
    );
    if (worker !== null) await within(CLOSE_WITHIN_MS, 'closing the worker', worker.close(!isReachable)).catch(problem);
    // BullMQ's clients would outlive a close while Redis is away.
    isDone = true;
    await queue.close().catch(problem);
  }

  return {
    add: (jobs) =>
      guarded('adding jobs', async () => {
        await queue.addBulk(
          jobs.map((job) => ({
            name: job.ordinal === undefined ? 'plan' : 'range',
            data: job,
            opts: { jobId: jobIdOf(job), priority: job.priority },
          })),
        );
      }),
    work: (handle, { concurrency }) =>
      guarded('waiting for jobs', async () => {
        worker = openWorker(deps, isClosing, handle, concurrency);
        await worker.waitUntilReady();
      }),
    waiting: (max) => guarded('looking at jobs', () => waitingJobs(queue, max)),
    close: closeAll,
  };
}
