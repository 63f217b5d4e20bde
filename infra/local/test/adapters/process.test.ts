import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { endProcess, isAlive, processIdentity, spawnDetached, startTicksOf } from '../../src/adapters/process.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-process-'));
});
afterAll(() => rm(folder, { recursive: true }));

const start = (script: string, name = 'child') =>
  spawnDetached({
    command: process.execPath,
    args: ['-e', script],
    cwd: folder,
    env: { ...process.env },
    logFile: join(folder, 'logs', `${name}.log`),
  });

describe('a recorded process', () => {
  it('ends on SIGTERM, and is then gone', async () => {
    const record = await start('setInterval(() => {}, 1000)');
    expect(await isAlive(record)).toBe(true);
    expect(await endProcess(record, 10_000)).toBe('ended');
    expect(await isAlive(record)).toBe(false);
    expect(await endProcess(record, 10_000)).toBe('gone');
  });

  it('is killed when it does not end by the deadline', async () => {
    const record = await start('process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up")', 'stubborn');
    await vi.waitFor(async () => expect(await readFile(join(folder, 'logs', 'stubborn.log'), 'utf8')).toContain('up'), { timeout: 10_000 });
    expect(await endProcess(record, 100)).toBe('killed');
    expect(await isAlive(record)).toBe(false);
  });

  it('is never taken for another process that got its pid', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    try {
      const record = { pid: other.pid!, identity: 'another boot/123' };
      expect(await isAlive(record)).toBe(false);
      expect(await endProcess(record, 100)).toBe('gone');
      expect(other.exitCode).toBeNull();
      expect(await processIdentity(other.pid!)).not.toBeNull();
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
  });

  it('leaves what it says in its log, after what was there', async () => {
    for (const word of ['first', 'second']) {
      const record = await start(`console.log("${word}"); console.error("${word} error")`, 'talk');
      await vi.waitFor(async () => expect(await isAlive(record)).toBe(false), { timeout: 10_000 });
    }
    const lines = (await readFile(join(folder, 'logs', 'talk.log'), 'utf8')).trimEnd().split('\n');
    expect(lines.toSorted()).toEqual(['first', 'first error', 'second', 'second error']);
  });

  it('that cannot be started is an error that names the command', async () => {
    const starting = spawnDetached({ command: '/no/such/program', args: [], cwd: folder, env: {}, logFile: join(folder, 'none.log') });
    await expect(starting).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringContaining('/no/such/program') });
  });
});

describe('startTicksOf', () => {
  const stat = (state: string, threads: number, name = 'java') => {
    const rest = Array.from({ length: 16 }, (_, i) => String(i));
    return `17 (${name}) ${[state, ...rest, threads, 0, '424242', '99'].join(' ')}`;
  };

  it('is not misled by a command name with spaces and parentheses', () => {
    expect(startTicksOf(stat('S', 40, 'a) R (b c'))).toBe('424242');
  });

  it('takes a process for ended only when its last thread is, which holds its ports until then', () => {
    expect(startTicksOf(stat('Z', 2))).toBe('424242');
    expect(startTicksOf(stat('Z', 1))).toBeNull();
    expect(startTicksOf(stat('X', 0))).toBeNull();
  });
});
