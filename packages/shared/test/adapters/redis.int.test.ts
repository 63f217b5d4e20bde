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
