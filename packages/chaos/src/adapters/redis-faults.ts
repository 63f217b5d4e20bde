import { Redis } from 'ioredis';

/** What is left of a full cache beyond what an empty Redis needs itself. */
const FULL_BYTES = 1024 * 1024;
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** Runs commands on a connection of their own; a server that is not there yet is waited for. */
async function on<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, enableOfflineQueue: false });
    // What fails is thrown by the command as well.
    redis.on('error', () => {});
    try {
      await redis.connect();
      return await work(redis);
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
    } finally {
      redis.disconnect();
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

export const flushAll = (url: string) => on(url, (redis) => redis.flushall());

/** Lowers the memory limit; the function that is returned restores it. */
export async function limitMemory(url: string): Promise<() => Promise<unknown>> {
  const before = await on(url, async (redis) => {
    const limit = ((await redis.config('GET', 'maxmemory')) as string[])[1] ?? '0';
    const startup = /used_memory_startup:(\d+)/.exec(await redis.info('memory'))?.[1] ?? '1000000';
    await redis.config('SET', 'maxmemory', String(Number(startup) + FULL_BYTES));
    return limit;
  });
  return () => on(url, (redis) => redis.config('SET', 'maxmemory', before));
}

/** In one step, so that nobody sees half of it: the keys of what was published last and the one that says they are complete. */
export const deletePublished = (url: string) =>
  on(url, (redis) => redis.eval("for _, key in ipairs(redis.call('KEYS', 'pub:*')) do redis.call('DEL', key) end return 1", 0));

/** Jobs that the retry queue still has to hand out, or has handed out and not got back. */
export function countRetries(url: string, topicPrefix: string): Promise<number> {
  // BullMQ's keys: lists of jobs that wait or are at work, and sorted sets of those that are to come.
  const key = (name: string) => `{${topicPrefix}labelstream}:image-retries:${name}`;
  return on(url, async (redis) => {
    const counts = await Promise.all([
      redis.llen(key('wait')),
      redis.llen(key('active')),
      redis.llen(key('paused')),
      redis.zcard(key('delayed')),
      redis.zcard(key('prioritized')),
    ]);
    return counts.reduce((sum, count) => sum + count, 0);
  });
}
