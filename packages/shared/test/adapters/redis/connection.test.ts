import { describe, expect, it } from 'vitest';
import { hostOf, reconnectDelayMs, redisOptions, toRedisError } from '../../../src/adapters/redis/connection.js';
import { LabelstreamError } from '../../../src/errors.js';

describe('Redis connection settings', () => {
  it('come from a URL', () => {
    expect(redisOptions('redis://user:p%40ss@redis.test:6380/2')).toMatchObject({
      host: 'redis.test',
      port: 6380,
      db: 2,
      username: 'user',
      password: 'p@ss',
    });
    expect(redisOptions('redis://127.0.0.1')).toMatchObject({ host: '127.0.0.1', port: 6379, db: 0 });
    expect(redisOptions('redis://[::1]:7000').host).toBe('::1');
  });

  it('ask for TLS where the URL does, with what the caller knows of it', () => {
    expect(redisOptions('redis://h')).not.toHaveProperty('tls');
    expect(redisOptions('rediss://h').tls).toEqual({});
    expect(redisOptions('rediss://h', { tls: { servername: 'x' } }).tls).toEqual({ servername: 'x' });
    expect(redisOptions('redis://h', { tls: { servername: 'x' } })).not.toHaveProperty('tls');
  });

  it('queue nothing and send nothing twice while the server is away', () => {
    expect(redisOptions('redis://h')).toMatchObject({
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    });
  });

  it.each(['nonsense', 'http://:secret@h', ''])('refuse %j without repeating its secrets', (url) => {
    expect(() => redisOptions(url)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.not.stringContaining('secret') }),
    );
  });

  it('show host and port only', () => {
    expect(hostOf('redis://user:secret@redis.test:6380/2')).toBe('redis.test:6380');
  });

  it('reconnect with a growing, spread delay', () => {
    for (let attempt = 1; attempt < 50; attempt++) {
      const delayMs = reconnectDelayMs(attempt);
      expect(delayMs).toBeGreaterThanOrEqual(50);
      expect(delayMs).toBeLessThanOrEqual(3000);
    }
    expect(redisOptions('redis://h', { isClosing: () => true }).retryStrategy(1)).toBeNull();
    expect(reconnectDelayMs(20)).toBeGreaterThanOrEqual(1500);
  });
});

describe('errors of a Redis client', () => {
  it.each([
    ['a refused connection', new Error('connect ECONNREFUSED 127.0.0.1:1'), 'CACHE_UNAVAILABLE'],
    ['a closed connection', new Error('Connection is closed.'), 'CACHE_UNAVAILABLE'],
    ['a server that is full', new Error("OOM command not allowed when used memory > 'maxmemory'."), 'CACHE_UNAVAILABLE'],
    ['a server that loads', new Error('LOADING Redis is loading the dataset in memory'), 'CACHE_UNAVAILABLE'],
    ['a command that took too long', new Error('Command timed out'), 'CACHE_UNAVAILABLE'],
    ['a missing password', new Error('NOAUTH Authentication required.'), 'CONFIG_INVALID'],
    ['a wrong password', new Error('WRONGPASS invalid username-password pair'), 'CONFIG_INVALID'],
    ['a missing permission', new Error('NOPERM this user has no permissions'), 'CONFIG_INVALID'],
    ['anything', undefined, 'CACHE_UNAVAILABLE'],
  ])('maps %s', (_, error, code) => {
    const mapped = toRedisError(error, 'CACHE_UNAVAILABLE', 'reading');
    expect(mapped.code).toBe(code);
    if (error !== undefined) expect(mapped.cause).toBe(error);
  });

  it('leaves what is mapped already as it is', () => {
    const error = new LabelstreamError('STATE_UNAVAILABLE', 'x');
    expect(toRedisError(error, 'CACHE_UNAVAILABLE', 'reading')).toBe(error);
  });
});
