import type { Logger } from 'pino';
import { describeError, type ErrorCode, isLabelstreamError, type LabelstreamError } from '../errors.js';
import { type BackoffSettings, backoffMs } from './backoff.js';
import { sleep } from './wake-up.js';

/** The answer of a patient call that was told to give up while its dependency was down. */
export const ABANDONED = Symbol('abandoned');
export type Abandoned = typeof ABANDONED;

/** Waits for dependencies that are down. While it waits, the process is not ready. */
export interface Patience {
  /**
   * Runs `operation` until it succeeds. A retriable {@link LabelstreamError} means that something is down: the call is made again after a
   * back-off, for ever, or until `giveUp` aborts. Any other error is thrown.
   */
  untilUp<T>(operation: () => Promise<T>, giveUp: AbortSignal): Promise<T | Abandoned>;
  /** Codes of what is down right now. */
  outages(): ErrorCode[];
  /** Whether a call is between two attempts. */
  isBackingOff(): boolean;
}

export interface PatienceDeps {
  readonly log: Logger;
  readonly backoff: BackoffSettings;
  readonly now: () => number;
  readonly random: () => number;
  /** Told of every failed attempt. */
  readonly onRetry: (code: ErrorCode) => void;
}

/** Creates the patience of one worker. */
export function createPatience({ log, backoff, now, random, onRetry }: PatienceDeps): Patience {
  const board = createOutageBoard(log, now);
  let backingOff = 0;

  async function backOff(attempt: number, giveUp: AbortSignal): Promise<void> {
    backingOff += 1;
    await sleep(backoffMs(attempt, backoff, random), giveUp);
    backingOff -= 1;
  }

  async function untilUp<T>(operation: () => Promise<T>, giveUp: AbortSignal): Promise<T | Abandoned> {
    const waiting = board.enter();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const result = await operation();
        waiting.end('outage: over');
        return result;
      } catch (error) {
        if (!isLabelstreamError(error) || !error.retriable) {
          waiting.end('outage: ended by another error');
          throw error;
        }
        waiting.begin(error);
        onRetry(error.code);
      }
      await backOff(attempt, giveUp);
      if (giveUp.aborted) {
        waiting.end('outage: not waited for any longer');
        return ABANDONED;
      }
    }
  }

  return { untilUp, outages: board.codes, isBackingOff: () => backingOff > 0 };
}

/** What is down, and how many calls wait for it: an outage that several calls run into is logged once, at its beginning and at its end. */
function createOutageBoard(log: Logger, now: () => number) {
  const outages = new Map<ErrorCode, { readonly sinceMs: number; waiting: number }>();

  function begin(error: LabelstreamError): void {
    const outage = outages.get(error.code);
    if (outage !== undefined) outage.waiting += 1;
    else {
      outages.set(error.code, { sinceMs: now(), waiting: 1 });
      log.warn({ code: error.code, reason: describeError(error) }, 'outage: waiting for it to end');
    }
  }

  function end(code: ErrorCode, how: string): void {
    const outage = outages.get(code);
    if (outage === undefined || --outage.waiting > 0) return;
    outages.delete(code);
    log.info({ code, seconds: (now() - outage.sinceMs) / 1000 }, how);
  }

  return {
    codes: () => [...outages.keys()],
    /** One call's place on the board. */
    enter() {
      let code: ErrorCode | null = null;
      const leave = (how: string) => {
        if (code !== null) end(code, how);
        code = null;
      };
      return {
        begin(error: LabelstreamError) {
          if (code === error.code) return;
          leave('outage: became another one');
          begin(error);
          code = error.code;
        },
        end: leave,
      };
    },
  };
}
