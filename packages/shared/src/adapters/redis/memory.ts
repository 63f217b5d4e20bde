import type { Redis } from 'ioredis';
import type { StoreMemory } from '../../ports/key-value.js';

/** Asks a server how full it is; null where it has no limit. */
export async function memoryOf(redis: Pick<Redis, 'info' | 'dbsize'>): Promise<StoreMemory | null> {
  const [info, keys] = await Promise.all([redis.info('memory'), redis.dbsize()]);
  return parseMemory(info, keys);
}

/** Reads the answer to `INFO memory`; null where `maxmemory` is 0 or not told. */
export function parseMemory(info: string, keys: number): StoreMemory | null {
  const fields = new Map(info.split('\r\n').map((line) => line.split(':', 2) as [string, string]));
  const [used, limit] = [Number(fields.get('used_memory')), Number(fields.get('maxmemory'))];
  if (!(used >= 0) || !(limit > 0)) return null;
  return { usedShare: used / limit, evicts: fields.get('maxmemory_policy') !== 'noeviction', keys };
}
