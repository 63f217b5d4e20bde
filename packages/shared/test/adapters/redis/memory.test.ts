import { describe, expect, it } from 'vitest';
import { memoryOf, parseMemory } from '../../../src/adapters/redis/memory.js';

const info = (used: number, limit: number, policy: string) =>
  `# Memory\r\nused_memory:${used}\r\nused_memory_human:1M\r\nmaxmemory:${limit}\r\nmaxmemory_policy:${policy}\r\n`;

describe('memory of a Redis', () => {
  it('is what is used of its limit', async () => {
    const redis = { info: async () => info(900, 1000, 'allkeys-lru'), dbsize: async () => 12 };
    expect(await memoryOf(redis as unknown as Parameters<typeof memoryOf>[0])).toEqual({ usedShare: 0.9, evicts: true, keys: 12 });
    expect(parseMemory(info(500, 1000, 'noeviction'), 0)).toEqual({ usedShare: 0.5, evicts: false, keys: 0 });
  });

  it('is not known without a limit, or from an answer that tells nothing', () => {
    expect(parseMemory(info(900, 0, 'noeviction'), 1)).toBeNull();
    expect(parseMemory('', 1)).toBeNull();
    expect(parseMemory('maxmemory:1000\r\n', 1)).toBeNull();
  });
});
