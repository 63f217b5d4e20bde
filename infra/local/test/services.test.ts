import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processIdentity } from '../src/adapters/process.js';
import { servicesStatus, startServices, stopServices } from '../src/services.js';
import type { ServiceEntry } from '../src/types.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'labelstream-services-'));
});
afterEach(async () => {
  await stopServices(dataDir);
  await rm(dataDir, { recursive: true });
});

const entry = (name: string, env: Record<string, string> = {}): ServiceEntry => ({
  name,
  command: process.execPath,
  args: ['-e', 'console.log(process.env.GREETING); setInterval(() => {}, 1000)'],
  env: { GREETING: `hello from ${name}`, ...env },
});
const pids = async () => Object.fromEntries((await servicesStatus(dataDir)).map(({ name, pid }) => [name, pid]));

describe('services', () => {
  it('run with their environment and a log of their own, and are all ended', async () => {
    const started = await startServices([entry('ingest'), entry('sink')], dataDir);
    expect(started.map(({ name, alive }) => [name, alive])).toEqual([
      ['ingest', true],
      ['sink', true],
    ]);
    await vi.waitFor(async () => expect(await readFile(started[0]!.logFile, 'utf8')).toBe('hello from ingest\n'), { timeout: 10_000 });
    await stopServices(dataDir);
    expect(await servicesStatus(dataDir)).toEqual([]);
    for (const { pid } of started) expect(await processIdentity(pid)).toBeNull();
  });

  it('that run already are left alone; a dead one is started again', async () => {
    await startServices([entry('ingest'), entry('sink')], dataDir);
    const before = await pids();
    process.kill(before.sink!, 'SIGKILL');
    await vi.waitFor(async () => expect((await servicesStatus(dataDir)).map(({ alive }) => alive)).toEqual([true, false]), {
      timeout: 10_000,
    });
    await startServices([entry('ingest'), entry('sink')], dataDir);
    const after = await pids();
    expect(after.ingest).toBe(before.ingest);
    expect(after.sink).not.toBe(before.sink);
  });

  it('are started anew when their settings changed', async () => {
    await startServices([entry('ingest')], dataDir);
    const before = await pids();
    await startServices([entry('ingest', { BROKERS: '127.0.0.1:1' })], dataDir);
    expect((await pids()).ingest).not.toBe(before.ingest);
    expect(await processIdentity(before.ingest!)).toBeNull();
  });

  it('can be ended one by one', async () => {
    await startServices([entry('ingest'), entry('sink')], dataDir);
    await stopServices(dataDir, { names: ['ingest'] });
    expect((await servicesStatus(dataDir)).map(({ name, alive }) => [name, alive])).toEqual([['sink', true]]);
  });
});
