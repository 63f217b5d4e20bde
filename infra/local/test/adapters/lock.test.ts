import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../src/adapters/lock.js';

let folder: string;
let path: string;
const silent = () => {};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

describe('withLock', () => {
  it('lets one in at a time and leaves nothing behind', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 6 }, () => withLock(path, silent, work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over the lock of a process that is gone, for one caller only', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, identity: 'an earlier process of this pid' }));
    let inside = 0;
    const work = async () => {
      expect(++inside).toBe(1);
      await sleep(5);
      inside--;
    };
    await Promise.all(Array.from({ length: 4 }, () => withLock(path, silent, work)));
    expect(await readdir(folder)).toEqual([]);
  });

  it('is free again after work that failed', async () => {
    await expect(withLock(path, silent, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(path, silent, async () => 'in')).toBe('in');
  });

  it('gives up waiting with an error that names the file', async () => {
    await withLock(path, silent, async () => {
      const second = withLock(path, silent, async () => 'in', 50);
      await expect(second).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining(path) });
    });
  });
});
