import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { type ChainableCommander, Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ErrorCode } from '../../errors.js';
import type { KeyValueEntry, KeyValueStore } from '../../ports/key-value.js';
import { connectionErrorLog, redisOptions, toRedisError } from './connection.js';

/** How to reach one Redis. */
export interface RedisKeyValueDeps {
  readonly url: string;
  /** Decides between CACHE_UNAVAILABLE and STATE_UNAVAILABLE. */
  readonly role: 'cache' | 'state';
  readonly log: Logger;
  readonly tls?: TlsOptions;
}

/** A view of the same bytes. */
const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Results of a pipeline in order; throws the first error. */
async function resultsOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? [];
  return replies.map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
}

async function setAll(redis: Redis, entries: readonly KeyValueEntry[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const { key, value, ttlMs } of entries) {
    if (ttlMs === undefined) pipeline.set(key, asBuffer(value));
    else pipeline.set(key, asBuffer(value), 'PX', Math.max(1, Math.ceil(ttlMs)));
  }
  await resultsOf(pipeline);
}

async function existAll(redis: Redis, keys: readonly string[]): Promise<boolean[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.exists(key);
  return (await resultsOf(pipeline)).map((count) => count === 1);
}

/** Connects; fails at once when the server does not answer, with nothing left running. */
async function connect({ url, role, log, tls }: RedisKeyValueDeps): Promise<Redis> {
  const redis = new Redis({
    ...redisOptions(url, tls === undefined ? {} : { tls }),
    lazyConnect: true,
    connectionName: `labelstream-${role}`,
  });
  redis.on('error', connectionErrorLog(log, url, `${role} connection`));
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

/** The key-value port on ioredis. Throws the role's code when the server does not answer, CONFIG_INVALID when it refuses the credentials. */
export async function createRedisKeyValueStore(deps: RedisKeyValueDeps): Promise<KeyValueStore> {
  const unavailable: ErrorCode = deps.role === 'cache' ? 'CACHE_UNAVAILABLE' : 'STATE_UNAVAILABLE';

  async function guarded<T>(doing: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw toRedisError(error, unavailable, `${doing} (${deps.role})`);
    }
  }

  const redis = await guarded('connecting', () => connect(deps));
  return {
    getMany: (keys) => guarded('reading', async () => (keys.length === 0 ? [] : redis.mgetBuffer(...keys))),
    setMany: (entries) => guarded('writing', async () => (entries.length === 0 ? undefined : setAll(redis, entries))),
    deleteMany: (keys) =>
      guarded('deleting', async () => {
        if (keys.length > 0) await redis.unlink(...keys);
      }),
    existMany: (keys) => guarded('looking', async () => (keys.length === 0 ? [] : existAll(redis, keys))),
    ping: () =>
      guarded('ping', async () => {
        await redis.ping();
      }),
    async close() {
      redis.disconnect();
    },
  };
}
