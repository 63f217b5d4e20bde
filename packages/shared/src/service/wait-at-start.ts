import type { Logger } from 'pino';
import { type ErrorCode, LabelstreamError } from '../errors.js';
import { DEFAULT_BACKOFF } from '../stream/backoff.js';
import { ABANDONED, createPatience } from '../stream/outage.js';

/** Runs an operation until what it needs is up. */
export type WaitAtStart = <T>(operation: () => Promise<T>) => Promise<T>;

/**
 * Creates the waiting of a process that starts before its dependencies do, or restarts while they are down.
 *
 * @param signal aborted when the process is told to stop meanwhile; the wait then throws what it had been waiting for
 */
export function waitAtStart(log: Logger, signal: AbortSignal = new AbortController().signal): WaitAtStart {
  let lastCode: ErrorCode = 'BROKER_UNAVAILABLE';
  const patience = createPatience({
    log,
    backoff: DEFAULT_BACKOFF,
    now: Date.now,
    random: Math.random,
    onRetry: (code) => {
      lastCode = code;
    },
  });
  return async (operation) => {
    const result = await patience.untilUp(operation, signal);
    if (result === ABANDONED) throw new LabelstreamError(lastCode, 'told to stop before it came up');
    return result;
  };
}
