import type { Logger } from 'pino';
import { describeError } from '../errors.js';
import type { ObjectStore } from '../ports/object-store.js';
import { backoffMs } from '../stream/backoff.js';
import type { FinishedObject } from './object-writer.js';

export interface StoringQueueDeps {
  readonly store: Pick<ObjectStore, 'put'>;
  readonly log: Logger;
  onStored(sizeBytes: number): void;
  onFailed(): void;
}

/** Finished objects on their way to the store, one after the other, each until it succeeds. */
export interface StoringQueue {
  /** Resolves with whether the object was stored, which it is unless the queue is closed before. */
  store(object: FinishedObject): Promise<boolean>;
  /** Of what waits. */
  sizeBytes(): number;
  /** Gives what waits until `deadlineMs` has passed, and gives up the rest. */
  close(deadlineMs: number): Promise<void>;
}

const BACKOFF = { baseMs: 500, maxMs: 30_000 };

export function createStoringQueue({ store, log, onStored, onFailed }: StoringQueueDeps): StoringQueue {
  const stop = new AbortController();
  let waitingBytes = 0;
  let tail: Promise<unknown> = Promise.resolve();

  async function storeOne({ object, index }: FinishedObject): Promise<boolean> {
    for (let attempt = 1; !stop.signal.aborted; attempt++) {
      try {
        await store.put(object.key, object.body);
        // An object counts from when it has an index, so the index is last.
        await store.put(index.key, index.body);
        return true;
      } catch (error) {
        onFailed();
        log.warn({ object: object.key, attempt, reason: describeError(error) }, 'not archived yet');
      }
      await pause(backoffMs(attempt, BACKOFF, Math.random), stop.signal);
    }
    return false;
  }

  return {
    store(object) {
      const sizeBytes = object.object.body.length + object.index.body.length;
      waitingBytes += sizeBytes;
      const stored = tail.then(async () => {
        const isStored = await storeOne(object);
        waitingBytes -= sizeBytes;
        if (isStored) onStored(sizeBytes);
        return isStored;
      });
      tail = stored;
      return stored;
    },
    sizeBytes: () => waitingBytes,
    async close(deadlineMs) {
      const timer = setTimeout(() => stop.abort(), deadlineMs);
      await Promise.race([tail, aborted(stop.signal)]);
      clearTimeout(timer);
      if (stop.signal.aborted) log.warn({ sizeBytes: waitingBytes }, 'ends before everything was archived');
      stop.abort();
    },
  };
}

const aborted = (signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

/** Ends early when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  });
}
