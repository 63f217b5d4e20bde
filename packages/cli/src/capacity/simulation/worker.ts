import type { EventQueue } from './event-queue.js';

/** A piece of work for a worker. */
export interface Job {
  readonly workMs: number;
  readonly onBegin: () => void;
  readonly onEnd: () => void;
}

/** What computes in an instance: one job at a time, in the order in which they come, each to its end. */
export interface Worker {
  serve(job: Job): void;
  /** Time at work so far, in milliseconds. */
  busyMs(): number;
}

/** Creates an idle worker. */
export function createWorker(queue: EventQueue): Worker {
  const jobs: Job[] = [];
  let busySinceMs: number | null = null;
  let busyMs = 0;

  function next(): void {
    const job = jobs[0];
    if (job === undefined || busySinceMs !== null) return;
    busySinceMs = queue.nowMs();
    job.onBegin();
    queue.after(job.workMs, () => {
      busyMs += job.workMs;
      busySinceMs = null;
      jobs.shift();
      job.onEnd();
      next();
    });
  }

  return {
    serve(job) {
      jobs.push(job);
      next();
    },
    busyMs: () => busyMs + (busySinceMs === null ? 0 : queue.nowMs() - busySinceMs),
  };
}
