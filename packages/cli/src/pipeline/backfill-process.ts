import { join } from 'node:path';
import { servicesStatus } from '@labelstream/local/services';
import type { ServiceEntry, ServiceStatus } from '@labelstream/local/types';
import { BACKFILL_PROCESS, BACKFILL_STAGES_PROCESS, serviceName } from './report.js';
import { isReady, readReadyFile } from './service-api.js';
import { processEntry, readyFileOf, type StageProcessesOptions, startProcesses } from './stage-processes.js';

/** A process for backfills, as it is now. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Absent until it is ready. */
  readonly port?: number;
  readonly logFile: string;
  readonly health: 'ready' | 'unready' | 'down';
}

/** What they are, each as a file that Node runs, with its arguments and settings of its own. */
const PROCESSES = {
  [BACKFILL_PROCESS]: { path: ['packages', 'backfill', 'dist', 'main.js'], args: [], env: {} },
  // As the live lane goes first within a process, so the processes of the live lane go first on the machine (docs/decisions/0023).
  [BACKFILL_STAGES_PROCESS]: {
    path: ['packages', 'cli', 'dist', 'main.js'],
    args: ['run', 'ingest', 'encoder', 'fusion'],
    env: { LANES: 'backfill', PROCESS_NICE: '10' },
  },
} as const;

type ProcessName = keyof typeof PROCESSES;
const NAMES = Object.keys(PROCESSES) as ProcessName[];

export type BackfillProcessesOptions = Omit<StageProcessesOptions, 'stages'>;

function entryOf(which: ProcessName, options: BackfillProcessesOptions): ServiceEntry {
  const { path, args, env } = PROCESSES[which];
  const settings = { ...options.settings, ...env };
  return processEntry(serviceName(options.topicPrefix, which), [join(options.repositoryRoot, ...path), ...args], { ...options, settings });
}

/**
 * Starts a deployment's processes for backfills unless they run, and returns when they are ready: the worker, which sends rows, and one that
 * takes the backfill lane off the services and steps back behind all others.
 *
 * @throws ENGINE_UNAVAILABLE with the last words of the one that failed
 */
export async function startBackfillProcesses(options: BackfillProcessesOptions): Promise<WorkerProcess[]> {
  const started = await startProcesses(
    NAMES.map((name) => entryOf(name, options)),
    options,
  );
  return Promise.all(started.map((service) => describe(service, options.dataDir)));
}

/** The processes for backfills that are recorded in a data folder, of any deployment. */
export async function backfillProcesses(dataDir: string): Promise<WorkerProcess[]> {
  const isOurs = ({ name }: ServiceStatus) => NAMES.some((each) => name === each || name.endsWith(`-${each}`));
  return Promise.all((await servicesStatus(dataDir)).filter(isOurs).map((service) => describe(service, dataDir)));
}

async function describe({ name, pid, alive, logFile }: ServiceStatus, dataDir: string): Promise<WorkerProcess> {
  const ready = alive ? await readReadyFile(readyFileOf(dataDir, name), pid) : null;
  const base = { name, pid, logFile, ...(ready === null ? {} : { port: ready.port }) };
  if (!alive) return { ...base, health: 'down' };
  return { ...base, health: ready !== null && (await isReady(ready.port)) ? 'ready' : 'unready' };
}
