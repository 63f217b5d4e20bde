import type { Logger } from 'pino';
import { describeError, type ErrorCode, isLabelstreamError, type LabelstreamError } from '../errors.js';
import { type BackoffSettings, backoffMs } from './backoff.js';
import { sleep } from './wake-up.js';

/** The answer of a patient call that was told to give up while its dependency was down. */
export const ABANDONED = Symbol('abandoned');

/** Waits for dependencies that are down. While it waits, the process is not ready. */
export interface Patience {
  /**
   * Runs `operation` until it succeeds. A retriable {@link LabelstreamError} means that something is down: the call is made again after a
   * back-off, for ever, or until `giveUp` aborts. Any other error is thrown.
   */
  untilUp<T>(operation: () => Promise<T>, giveUp: AbortSignal): Promise<T | typeof ABANDONED>;
  /** Codes of what is down right now. */
  outages(): ErrorCode[];
}

export interface PatienceDeps {
  readonly log: Logger;
  readonly backoff: BackoffSettings;
  readonly now: () => number;
  readonly random: () => number;
  /** Told of every failed attempt. */
  readonly onRetry: (code: ErrorCode) => void;
}

interface Outage {
  readonly sinceMs: number;
  waiting: number;
}

/** Creates the patience of one process: an outage that several calls run into is logged once, when it begins and when it is over. */
export function createPatience({ log, backoff, now, random, onRetry }: PatienceDeps): Patience {
  const outages = new Map<ErrorCode, Outage>();

  function enter(error: LabelstreamError): void {
    const outage = outages.get(error.code);
    if (outage !== undefined) {
      outage.waiting += 1;
      return;
    }
    outages.set(error.code, { sinceMs: now(), waiting: 1 });
    log.warn({ code: error.code, reason: describeError(error) }, 'outage: waiting for it to end');
  }

  function leave(code: ErrorCode, how: string): void {
    const outage = outages.get(code);
    if (outage === undefined) return;
    outage.waiting -= 1;
    if (outage.waiting > 0) return;
    outages.delete(code);
    log.info({ code, seconds: (now() - outage.sinceMs) / 1000 }, how);
  }

  async function untilUp<T>(operation: () => Promise<T>, giveUp: AbortSignal): Promise<T | typeof ABANDONED> {
    let down: ErrorCode | null = null;
    const settle = (how: string) => {
      if (down !== null) leave(down, how);
      down = null;
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await operation();
        settle('outage: over');
        return result;
      } catch (error) {
        if (!isLabelstreamError(error) || !error.retriable) {
          settle('outage: ended by another error');
          throw error;
        }
        onRetry(error.code);
        if (down !== error.code) {
          settle('outage: became another one');
          enter(error);
          down = error.code;
        }
        await sleep(backoffMs(attempt, backoff, random), giveUp);
        if (giveUp.aborted) {
          settle('outage: not waited for any longer');
          return ABANDONED;
        }
      }
    }
  }

  return { untilUp, outages: () => [...outages.keys()] };
}
