import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { Log, ProcessRecord } from '../types.js';
import { hasCode } from './errno.js';
import { isAlive, processIdentity } from './process.js';

const POLL_MS = 50;

/**
 * Runs `work` while holding a lock file; a second caller waits, in this process or another. The file names its holder, so that the
 * lock of a process that was killed is taken over.
 * @throws LabelstreamError ENGINE_UNAVAILABLE where the lock is not free within `waitMs`.
 */
export async function withLock<T>(path: string, log: Log, work: () => Promise<T>, waitMs = 300_000): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const mine = `${path}.${randomUUID()}`;
  const holder: ProcessRecord = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' };
  await writeFile(mine, JSON.stringify(holder));
  try {
    await acquire(path, mine, log, Date.now() + waitMs);
    try {
      return await work();
    } finally {
      await rm(path, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

async function acquire(path: string, mine: string, log: Log, deadline: number): Promise<void> {
  let announced = false;
  while (!(await tryLink(mine, path))) {
    const holder = await readHolder(path);
    if (holder !== null && !(await isAlive(holder))) {
      await removeAbandoned(path, mine);
      if (await tryLink(mine, path)) return;
    }
    if (Date.now() >= deadline) {
      throw new LabelstreamError(
        'ENGINE_UNAVAILABLE',
        `Process ${holder?.pid ?? '?'} has held ${path} for too long; wait for it or end it.`,
      );
    }
    if (!announced && holder !== null && holder.pid !== process.pid)
      log(`waiting for process ${holder.pid}, which is at work on the same folder`);
    announced = true;
    await sleep(POLL_MS);
  }
}

/** A hard link appears with its content at once, and only where no such name exists. */
async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function readHolder(path: string): Promise<ProcessRecord | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessRecord;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/**
 * Removes the lock of a dead process. Only the holder of a second lock may do so, and it looks again first: otherwise a slow caller
 * would remove the lock that a quicker one has just got.
 */
async function removeAbandoned(path: string, mine: string): Promise<void> {
  const takeover = `${path}.takeover`;
  if (!(await tryLink(mine, takeover))) {
    if (await isAbandoned(takeover)) await rm(takeover, { force: true });
    return;
  }
  try {
    if (await isAbandoned(path)) await rm(path, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const holder = await readHolder(path);
  return holder !== null && !(await isAlive(holder));
}
