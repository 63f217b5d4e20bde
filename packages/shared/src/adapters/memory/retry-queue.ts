import { LabelstreamError } from '../../errors.js';
import type { RetryJob, RetryQueue } from '../../ports/retry-queue.js';

interface Planned {
  readonly job: RetryJob;
  dueAtMs: number;
}

/** Delayed retries in the memory of one process. Nothing is durable. A failed handler sees the job again after `backoffMs`. */
export function createMemoryRetryQueue({ backoffMs = 1000 }: { readonly backoffMs?: number } = {}): RetryQueue {
  const planned = new Map<string, Planned>();
  let handle: ((job: RetryJob) => Promise<void>) | null = null;
  let active: Planned | null = null;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new LabelstreamError('QUEUE_UNAVAILABLE', 'the in-memory retry queue is closed');
  }

  function earliest(): Planned | undefined {
    return [...planned.values()].sort((a, b) => a.dueAtMs - b.dueAtMs)[0];
  }

  async function run(handler: (job: RetryJob) => Promise<void>, item: Planned): Promise<void> {
    try {
      await handler(item.job);
      planned.delete(item.job.id);
    } catch {
      item.dueAtMs = Date.now() + backoffMs;
    }
    active = null;
    arm();
  }

  function runDue(): void {
    const item = earliest();
    if (item === undefined || handle === null || closed) return;
    active = item;
    running = run(handle, item);
  }

  /** Waits for the job that is due next, unless one is being handled. */
  function arm(): void {
    clearTimeout(timer);
    const next = earliest();
    if (closed || handle === null || active !== null || next === undefined) return;
    timer = setTimeout(runDue, Math.max(0, next.dueAtMs - Date.now()));
    timer.unref();
  }

  return {
    async schedule(job, delayMs) {
      assertOpen();
      if (planned.has(job.id)) return;
      planned.set(job.id, { job, dueAtMs: Date.now() + delayMs });
      arm();
    },
    async consume(next) {
      assertOpen();
      handle = next;
      arm();
    },
    async pending() {
      assertOpen();
      return planned.size - (active === null ? 0 : 1);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
