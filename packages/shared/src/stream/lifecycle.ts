import type { Logger } from 'pino';
import { describeError } from '../errors.js';

/** What a process has opened, in order. */
export interface Lifecycle {
  /** Opens a resource and remembers how to close it. */
  open<T>(name: string, start: () => Promise<T>, stop: (resource: T) => Promise<unknown>): Promise<T>;
  /** Closes everything in reverse order. What fails to close is logged, and the rest is closed all the same. */
  close(): Promise<void>;
}

/** Creates an empty lifecycle. */
export function createLifecycle(log: Logger): Lifecycle {
  const opened: { readonly name: string; readonly stop: () => Promise<unknown> }[] = [];
  return {
    async open(name, start, stop) {
      const resource = await start();
      opened.push({ name, stop: () => stop(resource) });
      log.debug({ resource: name }, 'opened');
      return resource;
    },
    async close() {
      for (let last = opened.pop(); last !== undefined; last = opened.pop()) {
        try {
          await last.stop();
          log.debug({ resource: last.name }, 'closed');
        } catch (error) {
          log.warn({ resource: last.name, reason: describeError(error) }, 'not closed cleanly');
        }
      }
    },
  };
}

/** Runs `start` with a lifecycle; when it fails, everything it has opened is closed again, and the failure is thrown. */
export async function startOrRollBack<T>(lifecycle: Lifecycle, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}
