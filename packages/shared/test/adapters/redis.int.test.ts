import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { createRedisKeyValueStore } from '../../src/adapters/redis/key-value.js';
import { keyValueConformance } from '../conformance/key-value.js';

const log = pino({ level: 'silent' });

keyValueConformance('Redis cache', 'CACHE_UNAVAILABLE', () => createRedisKeyValueStore({ url: inject('redisCache'), role: 'cache', log }));
keyValueConformance('Redis state', 'STATE_UNAVAILABLE', () => createRedisKeyValueStore({ url: inject('redisState'), role: 'state', log }));

it('says at once that a server does not answer', async () => {
  const url = 'redis://:secret@127.0.0.1:1';
  const failure = await createRedisKeyValueStore({ url, role: 'state', log }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'STATE_UNAVAILABLE', retriable: true });
  expect(String(failure)).not.toContain('secret');
});

it('tells how full the cache is, which evicts; the state of a test has no limit', async () => {
  const open = (role: 'cache' | 'state', url: string) => createRedisKeyValueStore({ url, role, log });
  const [cache, state] = await Promise.all([open('cache', inject('redisCache')), open('state', inject('redisState'))]);
  const memory = await cache.memory();
  expect(memory).toMatchObject({ evicts: true });
  expect(memory?.usedShare).toBeGreaterThan(0);
  expect(memory?.usedShare).toBeLessThan(1.1);
  expect(await state.memory()).toBeNull();
  await Promise.all([cache.close(), state.close()]);
});
