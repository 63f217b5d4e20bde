import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { logFileOf } from './adapters/parts.js';
import { endProcess, isAlive, spawnDetached } from './adapters/process.js';
import { readState, type StateStore, withState } from './adapters/state-file.js';
import { inheritedEnvironment, readLocalConfig } from './config.js';
import type { ServiceRecord } from './state.js';
import type { Log, ServiceEntry, ServiceStatus } from './types.js';

/** Longer than a service's own drain deadline. */
const STOP_TIMEOUT_MS = 30_000;

const folderOf = (dataDir: string | undefined) => (dataDir === undefined ? readLocalConfig().dataDir : resolve(dataDir));

function fingerprintOf({ command, args, env }: ServiceEntry): string {
  const sorted = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([command, args, sorted]))
    .digest('hex');
}

/**
 * Starts every entry that does not run yet, each with a log of its own (`logs/<name>.log`). One that runs with the same command,
 * arguments and added environment is left alone; one that runs with others is ended and started anew. Services that are recorded but
 * not named here are left alone too. Whether they are healthy is for the caller to ask, over HTTP.
 * @throws LabelstreamError ENGINE_UNAVAILABLE where a command cannot be run.
 */
export async function startServices(entries: readonly ServiceEntry[], dataDir?: string, log: Log = () => {}): Promise<ServiceStatus[]> {
  const folder = folderOf(dataDir);
  return withState(folder, log, async (store) => {
    for (const entry of entries) await startService(entry, folder, store, log);
    return statusOf(store.current().services, folder);
  });
}

async function startService(entry: ServiceEntry, folder: string, store: StateStore, log: Log): Promise<void> {
  const fingerprint = fingerprintOf(entry);
  const recorded = store.current().services.find(({ name }) => name === entry.name);
  if (recorded !== undefined && (await isAlive(recorded.process))) {
    if (recorded.fingerprint === fingerprint) return;
    log(`${entry.name} runs with other settings and is started anew`);
    await endProcess(recorded.process, STOP_TIMEOUT_MS);
  }
  const process = await spawnDetached({
    command: entry.command,
    args: entry.args,
    cwd: folder,
    env: { ...inheritedEnvironment(), ...entry.env },
    logFile: logFileOf(folder, entry.name),
  });
  await store.update((state) => ({
    ...state,
    services: [...state.services.filter(({ name }) => name !== entry.name), { name: entry.name, process, fingerprint }],
  }));
}

/** Ends all recorded services, or those named, at the same time: SIGTERM, and SIGKILL for one that does not drain in time. */
export async function stopServices(dataDir?: string, options: { names?: readonly string[]; log?: Log } = {}): Promise<void> {
  const { names, log = () => {} } = options;
  await withState(folderOf(dataDir), log, async (store) => {
    const ending = store.current().services.filter(({ name }) => names?.includes(name) ?? true);
    await Promise.all(
      ending.map(async ({ name, process }) => {
        const end = await endProcess(process, STOP_TIMEOUT_MS);
        if (end === 'killed') log(`${name} did not end in time and was killed`);
        await store.update((state) => ({ ...state, services: state.services.filter((service) => service.name !== name) }));
      }),
    );
  });
}

/** The recorded services as they are now. */
export async function servicesStatus(dataDir?: string): Promise<ServiceStatus[]> {
  const folder = folderOf(dataDir);
  return statusOf((await readState(folder)).services, folder);
}

function statusOf(services: readonly ServiceRecord[], folder: string): Promise<ServiceStatus[]> {
  return Promise.all(
    services.map(async ({ name, process }) => ({
      name,
      pid: process.pid,
      alive: await isAlive(process),
      logFile: logFileOf(folder, name),
    })),
  );
}
