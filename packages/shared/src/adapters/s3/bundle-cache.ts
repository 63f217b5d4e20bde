import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Entries that stay, those used last. */
const KEPT = 10;
/** What was used or written since stays as well: longer than a file may take to come, and than a change may wait for its bundle. */
const REST_MS = 60 * 60_000;

/** The folder of a bundle is named by its id; one that is not finished, or is moved away, has a UUID behind it. */
const ENTRY = /^.+-[0-9a-f]{12}$/;
const LEFT_OVER = /^.+-[0-9a-f]{12}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface TidyOptions {
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly kept?: number;
}

/** Says that an entry is used now, whether or not it is there: call this before it is looked at, so that nobody takes it away meanwhile. */
export async function touchEntry(folder: string, nowMs: number): Promise<void> {
  await utimes(folder, new Date(nowMs), new Date(nowMs)).catch(() => {});
}

/**
 * Removes the entries of a bundle cache that were not used for the longest time, and what a process that was killed has left. What is
 * removed is only fetched again when it is needed. Several processes may do so, and fetch, at the same time. Never throws: a cache that
 * cannot be tidied serves all the same.
 */
export async function tidyBundleCache(cacheFolder: string, { nowMs, kept = KEPT }: TidyOptions): Promise<void> {
  const names = await readdir(cacheFolder).catch((): string[] => []);
  const looked = await Promise.all(names.map(async (name) => ({ name, usedAtMs: await usedAt(join(cacheFolder, name)) })));
  // One that another process has removed meanwhile must not take the place of one that is there.
  const aged = looked.flatMap(({ name, usedAtMs }) => (usedAtMs === undefined ? [] : [{ name, usedAtMs }]));
  const isOld = ({ usedAtMs }: { usedAtMs: number }) => usedAtMs < nowMs - REST_MS;
  const entries = aged.filter(({ name }) => ENTRY.test(name)).sort((a, b) => b.usedAtMs - a.usedAtMs);
  for (const { name } of aged.filter((each) => LEFT_OVER.test(each.name) && isOld(each))) await remove(join(cacheFolder, name));
  for (const { name } of entries.slice(kept).filter(isOld)) await removeUnused(join(cacheFolder, name), nowMs - REST_MS);
}

/** When a folder was last used, epoch milliseconds; undefined for one that is gone meanwhile, or is none. */
async function usedAt(folder: string): Promise<number | undefined> {
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() ? found.mtimeMs : undefined;
}

/** Moves an entry away in one step, and back where somebody has begun to use it in that moment. */
async function removeUnused(folder: string, beforeMs: number): Promise<void> {
  const away = `${folder}.${randomUUID()}`;
  try {
    await rename(folder, away);
    const usedAtMs = await usedAt(away);
    if (usedAtMs !== undefined && usedAtMs < beforeMs) return await remove(away);
    await rename(away, folder);
  } catch {
    // Another process was faster, or has fetched it anew: what lies there now is whole.
    await remove(away);
  }
}

const remove = (folder: string) => rm(folder, { recursive: true, force: true }).catch(() => {});
