import type { ConnectionOptions, DefaultJobOptions } from 'bullmq';
import type { TlsOptions } from '../common/tls.js';
import { redisOptions, toRedisError } from '../redis/connection.js';

/** As good as for ever: what becomes of a job is decided by whoever planned it, never by the queue. */
export const WITHOUT_END = 1_000_000;

/** Jobs come again until they are done, and leave nothing behind. */
export const JOB_OPTIONS = {
  removeOnComplete: true,
  attempts: WITHOUT_END,
  backoff: { type: 'custom' },
  stackTraceLimit: 1,
  keepLogs: 0,
} as const satisfies DefaultJobOptions;

/** In braces, so that a Redis cluster keeps all keys of a deployment's queues together. */
export const queuePrefix = (prefix: string): string => `{${prefix}labelstream}`;

/** Pauses between the attempts of a job: twice as long each time up to a limit, with jitter. */
export const jobBackoff =
  ({ firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number }) =>
  (failures: number): number =>
    Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);

/**
 * A worker waits for jobs in a command that blocks, and keeps waiting while the server is away. A command that was under way when the connection
 * ended is sent again: not failed and not repeated either, it would be waited for without end, and with it all jobs.
 */
export function workerConnection(url: string, how: { readonly tls?: TlsOptions | undefined; readonly isClosing: () => boolean }) {
  const { commandTimeout: _, ...options } = redisOptions(url, how);
  return {
    ...options,
    enableOfflineQueue: true,
    autoResendUnfulfilledCommands: true,
    maxRetriesPerRequest: null,
  } satisfies ConnectionOptions;
}

/** Runs a call of the queue. Throws QUEUE_UNAVAILABLE when Redis does not answer, CONFIG_INVALID when it refuses the credentials. */
export async function guarded<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toRedisError(error, 'QUEUE_UNAVAILABLE', doing);
  }
}
