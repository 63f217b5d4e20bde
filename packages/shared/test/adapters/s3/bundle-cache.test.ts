import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tidyBundleCache, touchEntry } from '../../../src/adapters/s3/bundle-cache.js';

const NOW_MS = Date.now();
const HOUR_MS = 60 * 60_000;
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const entry = (at: number) => `head-${at.toString(16).padStart(12, '0')}`;

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'labelstream-tidy-'));
});
afterEach(() => rm(cache, { recursive: true }));

async function add(name: string, hoursAgo: number): Promise<string> {
  const folder = join(cache, name);
  await mkdir(folder);
  await writeFile(join(folder, 'manifest.json'), '{}');
  const at = new Date(NOW_MS - hoursAgo * HOUR_MS);
  await utimes(folder, at, at);
  return folder;
}
const names = async () => (await readdir(cache)).sort();
const tidy = (kept?: number) => tidyBundleCache(cache, { nowMs: NOW_MS, ...(kept === undefined ? {} : { kept }) });

describe('the cache of bundles', () => {
  it('keeps the ten that were used last', async () => {
    for (let at = 0; at < 14; at++) await add(entry(at), 20 - at);
    await touchEntry(join(cache, entry(0)), NOW_MS);
    await tidy();
    expect(await names()).toEqual([0, 5, 6, 7, 8, 9, 10, 11, 12, 13].map(entry));
  });

  it('keeps what was used within the hour, however much it is', async () => {
    for (let at = 0; at < 4; at++) await add(entry(at), at < 3 ? 0.9 : 1.1);
    await tidy(1);
    expect(await names()).toEqual([0, 1, 2].map(entry));
  });

  it('removes what a killed process has left, and not what one is about to fetch', async () => {
    await add(`${entry(1)}.${UUID}`, 2);
    await add(`${entry(2)}.${UUID}`, 0.5);
    await tidy();
    expect(await names()).toEqual([`${entry(2)}.${UUID}`]);
  });

  it('touches nothing else that lies there', async () => {
    await add('pictures', 100);
    await add('backup.old', 100);
    await writeFile(join(cache, entry(7)), 'a file');
    await tidy(0);
    expect(await names()).toEqual(['backup.old', entry(7), 'pictures']);
  });

  it('keeps as many as it should where others are gone as soon as they were listed', async () => {
    for (let at = 0; at < 5; at++) await add(entry(at), 40 - at);
    // Listed, and not there when they are looked at.
    for (const at of [10, 11]) await symlink(join(cache, 'gone'), join(cache, entry(at)));
    await tidy(3);
    expect(await names()).toEqual([2, 3, 4, 10, 11].map(entry));
  });

  it('is tidied by many at once, also where there is none', async () => {
    for (let at = 0; at < 30; at++) await add(entry(at), 40 - at);
    await Promise.all(Array.from({ length: 8 }, () => tidy(3)));
    expect(await names()).toEqual([27, 28, 29].map(entry));
    await tidyBundleCache(join(cache, 'none'), { nowMs: NOW_MS });
    await touchEntry(join(cache, 'none'), NOW_MS);
  });
});
