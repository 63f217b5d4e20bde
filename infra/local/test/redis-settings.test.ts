import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { redisCacheArguments, redisStateArguments } from '../src/redis-settings.js';

const settingsOf = (args: string[]) => Object.fromEntries(args.flatMap((arg, i) => (i % 2 === 0 ? [[arg, args[i + 1]]] : [])));
const compose = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8');
const commands = [...compose.matchAll(/command: (\[.*\])$/gm)].map(([, list]) => settingsOf((JSON.parse(list!) as string[]).slice(1)));

describe('the two Redis', () => {
  const state = settingsOf(redisStateArguments(7001, '/data/state'));
  const cache = settingsOf(redisCacheArguments(7002, '/data/cache', 64));

  it('never evict state and write every change of it down', () => {
    expect(state).toMatchObject({ '--bind': '127.0.0.1', '--port': '7001', '--appendonly': 'yes', '--maxmemory-policy': 'noeviction' });
    expect(state).not.toHaveProperty('--maxmemory');
  });

  it('bound the cache, let it evict and keep nothing of it', () => {
    expect(cache).toMatchObject({
      '--bind': '127.0.0.1',
      '--port': '7002',
      '--appendonly': 'no',
      '--save': '',
      '--maxmemory': '64mb',
      '--maxmemory-policy': 'allkeys-lru',
    });
  });

  it('have the same policies in containers', () => {
    const policy = (args: Record<string, unknown>) =>
      ['--save', '--appendonly', '--appendfsync', '--maxmemory-policy'].map((key) => args[key]);
    expect(commands.map(policy)).toEqual([policy(state), policy(cache)]);
  });
});
