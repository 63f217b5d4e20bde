import { describe, expect, it } from 'vitest';
import { composeEnvironment, composeProject } from '../../src/adapters/docker.js';
import { parseJavaVersion } from '../../src/adapters/java.js';
import { isRedisNewEnough, parseRedisVersion } from '../../src/adapters/redis-program.js';

describe('what programs say of themselves', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', '17.0.15', 17],
    ['openjdk version "21" 2023-09-19', '21', 21],
    ['java version "1.8.0_392"', '1.8.0_392', 8],
    ['openjdk version "25-ea" 2025-09-16', '25-ea', 25],
  ])('reads the Java version of %j', (output, version, major) => {
    expect(parseJavaVersion(output)).toEqual({ version, major });
  });

  it('finds no Java version where a launcher only complains', () => {
    expect(parseJavaVersion('The operation could not be completed. Unable to locate a Java Runtime.')).toBeNull();
  });

  it('reads the Redis version and knows which are too old for BullMQ', () => {
    expect(parseRedisVersion('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64')).toBe('7.0.15');
    expect(parseRedisVersion('no server')).toBeNull();
    expect(['6.0.16', '5.0.14', '6.2.5', '7.0.15', '10.0.0'].map(isRedisNewEnough)).toEqual([false, false, true, true, true]);
  });
});

describe('Docker Compose', () => {
  it('gets a project of its own for each data folder', () => {
    expect(composeProject('/a')).toMatch(/^labelstream-[0-9a-f]{8}$/);
    expect(composeProject('/a')).not.toBe(composeProject('/b'));
  });

  it('is told ports and memory', () => {
    const ports = { kafka: 1, kafkaController: 2, redisState: 3, redisCache: 4 };
    expect(Object.values(composeEnvironment(ports, { kafkaHeapMb: 5, cacheMaxMb: 6 }))).toEqual(['1', '3', '4', '5', '6']);
  });
});
