import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeError } from '@labelstream/shared/errors';
import { isAlive, processIdentity } from './adapters/process.js';
import { startEngine, stopEngine } from './engine.js';
import { stopServices } from './services.js';
import type { EngineHandle, Log, ProcessRecord } from './types.js';

/** Small enough for several engines on a small machine, large enough for any test. */
const TEST_MEMORY = { kafkaHeapMb: 256, cacheMaxMb: 128 };
const parentDir = () => join(tmpdir(), 'labelstream-test-engines');

/** An engine of a test run. */
export interface TestEngine extends EngineHandle {
  /** Ends the engine and what `startServices` started beside it, and removes the folder. */
  stop(): Promise<void>;
}

/** Makes an empty data folder that belongs to this process: once this process is gone, the next test run ends what runs there. */
export async function createTestFolder(log: Log = () => {}): Promise<string> {
  await mkdir(parentDir(), { recursive: true });
  await removeAbandoned(log);
  const dataDir = await mkdtemp(join(parentDir(), 'engine-'));
  const owner: ProcessRecord = { pid: process.pid, identity: (await processIdentity(process.pid)) ?? '' };
  await writeFile(join(dataDir, 'owner.json'), JSON.stringify(owner));
  return dataDir;
}

/** Ends whatever is recorded in a test folder and removes the folder. */
export async function removeTestFolder(dataDir: string): Promise<void> {
  await stopServices(dataDir);
  await stopEngine(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}

/** Starts a native engine in a folder and on ports of its own; downloaded programs are shared with every other engine. */
export async function startTestEngine(log: Log = () => {}): Promise<TestEngine> {
  const dataDir = await createTestFolder(log);
  try {
    const engine = await startEngine({ engine: 'native', dataDir, ports: 'random', memory: TEST_MEMORY, log });
    return { ...engine, stop: () => removeTestFolder(dataDir) };
  } catch (error) {
    await removeTestFolder(dataDir);
    throw error;
  }
}

/** Ends the engines of test runs that were killed before they could do it themselves. */
async function removeAbandoned(log: Log): Promise<void> {
  for (const name of await readdir(parentDir())) {
    const dataDir = join(parentDir(), name);
    const owner = await readFile(join(dataDir, 'owner.json'), 'utf8').catch(() => null);
    // No owner yet: another test run is just making it.
    if (owner === null || (await isAlive(JSON.parse(owner) as ProcessRecord))) continue;
    log(`ending what a killed test run left in ${dataDir}`);
    // Another test run may be doing the same; whoever comes second finds things gone.
    await removeTestFolder(dataDir).catch((error: unknown) => log(`${dataDir}: ${describeError(error)}`));
  }
}
