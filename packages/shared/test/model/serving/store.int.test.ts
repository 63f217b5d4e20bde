import { pino } from 'pino';
import { inject } from 'vitest';
import { createRedisKeyValueStore } from '../../../src/adapters/redis/key-value.js';
import { servingStoreConformance } from '../../conformance/serving-store.js';

servingStoreConformance('Redis', () =>
  createRedisKeyValueStore({ url: inject('redisState'), role: 'state', log: pino({ level: 'silent' }) }),
);
