/** What the two Redis instances have in common: loopback only, in the foreground, their log on stdout. */
const base = (port: number, dataDir: string) => [
  '--bind',
  '127.0.0.1',
  '--port',
  String(port),
  '--dir',
  dataDir,
  '--daemonize',
  'no',
  '--save',
  '',
];

/** Arguments of the *state* Redis: nothing is ever evicted and every write is in the append-only file. BullMQ needs both. */
export function redisStateArguments(port: number, dataDir: string): string[] {
  return [...base(port, dataDir), '--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
}

/** Arguments of the *cache* Redis: bounded, evicting, gone after a restart. */
export function redisCacheArguments(port: number, dataDir: string, cacheMaxMb: number): string[] {
  return [...base(port, dataDir), '--appendonly', 'no', '--maxmemory', `${cacheMaxMb}mb`, '--maxmemory-policy', 'allkeys-lru'];
}
