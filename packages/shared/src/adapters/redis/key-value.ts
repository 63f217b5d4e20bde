import { type ChainableCommander, Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { ErrorCode } from '../../errors.js';
import type { Claim, KeyValueEntry, KeyValueStore } from '../../ports/key-value.js';
import { claimGone, fenced } from '../common/claims.js';
import type { TlsOptions } from '../common/tls.js';
import { connectionErrorLog, firstError, isPermission, redisOptions, toRedisError } from './connection.js';
import { memoryOf } from './memory.js';

/** How to reach one Redis. */
export interface RedisKeyValueDeps {
  readonly url: string;
  /** Decides between CACHE_UNAVAILABLE and STATE_UNAVAILABLE. */
  readonly role: 'cache' | 'state';
  readonly log: Logger;
  /** For a `rediss` URL. */
  readonly tls?: TlsOptions | undefined;
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

/** What follows key and value in a SET. */
const optionsOf = ({ ttlMs }: KeyValueEntry): string[] => (ttlMs === undefined ? [] : ['PX', String(Math.max(1, Math.ceil(ttlMs)))]);

async function setAll(redis: Redis, entries: readonly KeyValueEntry[]): Promise<void> {
  const pipeline = redis.pipeline();
  for (const entry of entries) pipeline.call('SET', entry.key, asBuffer(entry.value), ...optionsOf(entry));
  await resultsOf(pipeline);
}

/** KEYS[1] is the claim's, ARGV[1] its epoch. */
const CLAIM = `
local held = tonumber(redis.call('GET', KEYS[1]))
if held and held > tonumber(ARGV[1]) then return 'FENCED' end
redis.call('SET', KEYS[1], ARGV[1])
return 'CLAIMED'`;

/** As above; then a key for each entry, and in ARGV its value, the number of its options, and these. */
const SET_IF_CLAIMED = `
local held, epoch = tonumber(redis.call('GET', KEYS[1])), tonumber(ARGV[1])
if held and held > epoch then return 'FENCED' end
if held ~= epoch then return 'GONE' end
local at = 2
for i = 2, #KEYS do
  local options = tonumber(ARGV[at + 1])
  redis.call('SET', KEYS[i], ARGV[at], unpack(ARGV, at + 2, at + 1 + options))
  at = at + 2 + options
end
return 'SET'`;

/** The scripts are sent whole: by their hash alone, one that the server does not know would be run after the commands that follow it. */
async function claimIn(redis: Redis, claim: Claim): Promise<void> {
  if ((await redis.eval(CLAIM, 1, claim.key, claim.epoch)) === 'FENCED') throw fenced(claim);
}

async function setClaimed(redis: Redis, entries: readonly KeyValueEntry[], claim: Claim, unavailable: ErrorCode): Promise<void> {
  const keys = [claim.key, ...entries.map(({ key }) => key)];
  const values = entries.flatMap((entry) => {
    const options = optionsOf(entry);
    return [asBuffer(entry.value), String(options.length), ...options];
  });
  const answer = await redis.eval(SET_IF_CLAIMED, keys.length, ...keys, claim.epoch, ...values);
  if (answer === 'FENCED') throw fenced(claim);
  if (answer !== 'SET') throw claimGone(claim, unavailable);
}

async function existAll(redis: Redis, keys: readonly string[]): Promise<boolean[]> {
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.exists(key);
  return (await resultsOf(pipeline)).map((count) => count === 1);
}

/** Connects; fails at once when the server does not answer or refuses, with nothing left running. */
async function connect({ url, role, log, tls }: RedisKeyValueDeps): Promise<Redis> {
  const redis = new Redis({ ...redisOptions(url, { tls }), lazyConnect: true, connectionName: `labelstream-${role}` });
  const emitted = firstError(redis);
  redis.on('error', connectionErrorLog(log, url, `${role} connection`));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    // What connecting rejects with is only that the connection has ended.
    throw emitted() ?? error;
  }
  return redis;
}

/** The key-value port on ioredis. Throws the role's code when the server does not answer, CONFIG_INVALID when it refuses the credentials. */
export async function createRedisKeyValueStore(deps: RedisKeyValueDeps): Promise<KeyValueStore> {
  const unavailable: ErrorCode = deps.role === 'cache' ? 'CACHE_UNAVAILABLE' : 'STATE_UNAVAILABLE';

  /** Redis does not say which key a user may not use; `keys` are those of the call. */
  async function guarded<T>(doing: string, run: () => Promise<T>, keys: readonly string[] = []): Promise<T> {
    try {
      return await run();
    } catch (error) {
      const what = isPermission(error) && keys.length > 0 ? `${doing} ${keys[0]} and the like` : doing;
      throw toRedisError(error, unavailable, `${what} (${deps.role})`);
    }
  }

  const redis = await guarded('connecting', () => connect(deps));
  return {
    getMany: (keys) => guarded('reading', async () => (keys.length === 0 ? [] : redis.mgetBuffer(...keys)), keys),
    setMany: (entries, claim) =>
      guarded(
        'writing',
        async () => {
          if (entries.length === 0) return;
          await (claim === undefined ? setAll(redis, entries) : setClaimed(redis, entries, claim, unavailable));
        },
        entries.map(({ key }) => key),
      ),
    claim: (claim) => guarded('claiming', () => claimIn(redis, claim), [claim.key]),
    deleteMany: (keys) =>
      guarded(
        'deleting',
        async () => {
          if (keys.length > 0) await redis.unlink(...keys);
        },
        keys,
      ),
    existMany: (keys) => guarded('looking for', async () => (keys.length === 0 ? [] : existAll(redis, keys)), keys),
    memory: () => guarded('asking for its memory', () => memoryOf(redis)),
    ping: () =>
      guarded('ping', async () => {
        await redis.ping();
      }),
    async close() {
      redis.disconnect();
    },
  };
}
