import type { Logger } from 'pino';

const CHECK_MS = 1000;

export interface StallGuardDeps {
  readonly healthy: () => boolean;
  /** How long the process may stay unhealthy. */
  readonly graceMs: number;
  readonly log: Logger;
  /** Ends the process. */
  readonly end: () => void;
  readonly checkMs?: number;
}

/**
 * Ends a process that stays unhealthy, so that whoever supervises it starts it again: its work hangs while its event loop lives. What was
 * under way is delivered again. Counts its own looks rather than the clock, so that a process that was frozen gets its full time when it
 * wakes. Returns what ends the watch.
 */
export function startStallGuard({ healthy, graceMs, log, end, checkMs = CHECK_MS }: StallGuardDeps): () => void {
  let unhealthyLooks = 0;
  const timer = setInterval(() => {
    unhealthyLooks = healthy() ? 0 : unhealthyLooks + 1;
    if (unhealthyLooks === 1) log.error({ graceMs }, 'stalled: nothing moves');
    if (unhealthyLooks === 0 || (unhealthyLooks - 1) * checkMs < graceMs) return;
    clearInterval(timer);
    log.fatal({ graceMs }, 'stalled for too long: this process ends, so that it is started again');
    end();
  }, checkMs);
  timer.unref();
  return () => clearInterval(timer);
}
