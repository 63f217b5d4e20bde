import { join } from 'node:path';
import { servicesStatus, startServices, stopServices } from '@labelstream/local/services';
import type { ServiceEntry, ServiceStatus } from '@labelstream/local/types';
import { LabelstreamError } from '@labelstream/shared/errors';
import { BACKFILL_PROCESS, serviceName } from './report.js';
import { isReady, readReadyFile } from './service-api.js';
import { becomeReady, readyFileOf, type StageProcessesOptions } from './stage-processes.js';

/** A process that works on backfills, as it is now. */
export interface WorkerProcess {
  readonly name: string;
  readonly pid: number;
  /** Absent until it is ready. */
  readonly port?: number;
  readonly logFile: string;
  readonly health: 'ready' | 'unready' | 'down';
}

/**
 * Starts the worker of a deployment unless it runs, and returns when it is ready.
 *
 * @throws ENGINE_UNAVAILABLE with its last words
 */
export async function startBackfillProcess(options: Omit<StageProcessesOptions, 'stages'>): Promise<WorkerProcess> {
  const { repositoryRoot, dataDir, topicPrefix, settings, log, signal } = options;
  const name = serviceName(topicPrefix, BACKFILL_PROCESS);
  const entry: ServiceEntry = {
    name,
    command: process.execPath,
    args: [join(repositoryRoot, 'packages', 'backfill', 'dist', 'main.js')],
    env: { ...settings, TOPIC_PREFIX: topicPrefix, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', READY_FILE: readyFileOf(dataDir, name) },
  };
  log(`starting ${name}`);
  try {
    const started = (await startServices([entry], dataDir, log)).filter((service) => service.name === name);
    await Promise.all(started.map((service) => becomeReady(service, dataDir, signal)));
    const [worker] = await Promise.all(started.map((service) => describe(service, dataDir)));
    if (worker !== undefined) return worker;
    throw new LabelstreamError('ENGINE_UNAVAILABLE', `The process ${name} was started, but not recorded.`);
  } catch (error) {
    await stopServices(dataDir, { names: [name], log });
    throw error;
  }
}

/** The workers that are recorded in a data folder, of any deployment. */
export async function backfillProcesses(dataDir: string): Promise<WorkerProcess[]> {
  const services = (await servicesStatus(dataDir)).filter(({ name }) => name === BACKFILL_PROCESS || name.endsWith(`-${BACKFILL_PROCESS}`));
  return Promise.all(services.map((service) => describe(service, dataDir)));
}

async function describe({ name, pid, alive, logFile }: ServiceStatus, dataDir: string): Promise<WorkerProcess> {
  const ready = alive ? await readReadyFile(readyFileOf(dataDir, name), pid) : null;
  const base = { name, pid, logFile, ...(ready === null ? {} : { port: ready.port }) };
  if (!alive) return { ...base, health: 'down' };
  return { ...base, health: ready !== null && (await isReady(ready.port)) ? 'ready' : 'unready' };
}
