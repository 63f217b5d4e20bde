import type { Logger } from 'pino';
import { startLoopGuard } from '../adapters/process/loop-guard.js';
import type { CommonSettings } from '../config.js';
import { startStallGuard } from './stall-guard.js';

/** The exit code of a process that has ended because its work did not move. */
export const STALLED_EXIT_CODE = 3;

/** Ends a process that makes no progress, as its settings say. */
export interface ProcessGuard {
  /** From now on, being unhealthy for too long ends the process, too. */
  watch(healthy: () => boolean): void;
  close(): void;
}

/**
 * Guards this process against a blocked event loop, from now on, and against work that hangs, once there is something to watch. With
 * WATCHDOG_GRACE_MS 0 it does neither.
 */
export function guardProcess(name: string, settings: Pick<CommonSettings, 'WATCHDOG_MS' | 'WATCHDOG_GRACE_MS'>, log: Logger): ProcessGuard {
  const { WATCHDOG_MS, WATCHDOG_GRACE_MS: graceMs } = settings;
  if (graceMs === 0) return { watch: () => {}, close: () => {} };
  const loopGuard = startLoopGuard({ name, limitMs: WATCHDOG_MS + graceMs, log });
  let unwatch = () => {};
  return {
    watch(healthy) {
      unwatch();
      unwatch = startStallGuard({ healthy, graceMs, log, end: () => process.exit(STALLED_EXIT_CODE) });
    },
    close() {
      unwatch();
      loopGuard.close();
    },
  };
}
