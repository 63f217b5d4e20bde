import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { describeError } from '../../errors.js';

/** A blocked loop misses beats; a process that was frozen as a whole has frozen the one who counts them as well. */
const BEAT_MS = 1000;

const ENTRY = new URL('./loop-guard-worker.js', import.meta.url);

export interface LoopGuardOptions {
  /** Shown in the last log line. */
  readonly name: string;
  /** The process is killed when its event loop has not turned for this long. */
  readonly limitMs: number;
  readonly log: Logger;
  readonly beatMs?: number;
}

/** What ends a process whose event loop is blocked. */
export interface LoopGuard {
  close(): void;
}

/**
 * Watches the event loop from a thread of its own, since a blocked loop runs no timer: the loop counts up in shared memory, and the thread
 * writes a last line to standard output and kills the process (SIGKILL) when the count stands still for `limitMs` of its own time. A thread
 * that cannot be started is logged, and the process goes on without.
 */
export function startLoopGuard({ name, limitMs, log, beatMs = BEAT_MS }: LoopGuardOptions): LoopGuard {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const beat = setInterval(() => Atomics.add(beats, 0, 1), beatMs);
  beat.unref();
  const workerData = { beats, beatMs, maxMissed: Math.ceil(limitMs / beatMs), name, limitMs };
  const thread = new Worker(ENTRY, { name: 'loop-guard', workerData, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  thread.on('error', (error) => log.error({ reason: describeError(error) }, 'a blocked event loop will not be noticed'));
  thread.unref();
  return {
    close() {
      clearInterval(beat);
      void thread.terminate();
    },
  };
}
