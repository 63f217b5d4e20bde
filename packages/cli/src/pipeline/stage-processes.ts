import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { servicesStatus, startServices, stopServices } from '@labelstream/local/services';
import type { EngineAddresses, Log, ServiceEntry, ServiceStatus } from '@labelstream/local/types';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { StageName } from '@labelstream/shared/stream/stage';
import { lastWords } from './last-words.js';
import type { StageReport } from './pipeline.js';
import { reportOf, serviceName, silentReport, stageOf } from './report.js';
import { askService, isReady, readReadyFile } from './service-api.js';

/** Includes loading and checking the models, on a machine that starts four of them at once. */
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 100;

/** Service processes of one deployment. */
export interface StageProcessesOptions {
  readonly repositoryRoot: string;
  readonly dataDir: string;
  readonly stages: readonly StageName[];
  readonly topicPrefix: string;
  /** Environment variables of the services on top of the calling process's own. */
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** A service process as it is now. */
export interface StageProcess {
  /** Of the deployment and the stage; names the log file too. */
  readonly service: string;
  /** Absent until the process is ready. */
  readonly port?: number;
  readonly logFile: string;
  readonly report: StageReport;
}

/** The settings with which services find an engine. */
export function engineSettings({ brokers, redisState, redisCache }: EngineAddresses): Record<string, string> {
  return { KAFKA_BROKERS: brokers.join(','), REDIS_STATE_URL: redisState, REDIS_CACHE_URL: redisCache };
}

/** Where a process says that it is ready. */
export const readyFileOf = (dataDir: string, service: string) => join(dataDir, 'ready', `${service}.json`);

/** A process of a deployment that Node runs with these arguments, and that tells its port in its ready file. */
export function processEntry(
  name: string,
  args: readonly string[],
  { dataDir, topicPrefix, settings }: Pick<StageProcessesOptions, 'dataDir' | 'topicPrefix' | 'settings'>,
): ServiceEntry {
  const env = { ...settings, TOPIC_PREFIX: topicPrefix, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0', READY_FILE: readyFileOf(dataDir, name) };
  return { name, command: process.execPath, args: [...args], env };
}

/**
 * Starts the processes that do not run yet and returns when all answer that they are ready. Where one does not come up, all of these are ended
 * again.
 *
 * @throws ENGINE_UNAVAILABLE with the last words of the one that failed
 */
export async function startProcesses(
  entries: readonly ServiceEntry[],
  { dataDir, log, signal }: Pick<StageProcessesOptions, 'dataDir' | 'log' | 'signal'>,
): Promise<ServiceStatus[]> {
  const names = entries.map(({ name }) => name);
  log(`starting ${names.join(', ')}`);
  try {
    const started = (await startServices(entries, dataDir, log)).filter(({ name }) => names.includes(name));
    await Promise.all(started.map((service) => becomeReady(service, dataDir, signal)));
    return started;
  } catch (error) {
    await stopServices(dataDir, { names, log });
    throw error;
  }
}

/** {@link startProcesses} with `services/<stage>`. */
export async function startStages(options: StageProcessesOptions): Promise<StageProcess[]> {
  const { repositoryRoot, dataDir, stages, topicPrefix } = options;
  const programOf = (stage: StageName) => join(repositoryRoot, 'services', stage, 'dist', 'main.js');
  const entries = stages.map((stage) => processEntry(serviceName(topicPrefix, stage), [programOf(stage)], options));
  await startProcesses(entries, options);
  return stageProcesses(
    dataDir,
    entries.map(({ name }) => name),
  );
}

/** Ends the services of a deployment, each with a drain, and removes what they left. */
export async function stopStages(dataDir: string, names: readonly string[], log: Log): Promise<void> {
  await stopServices(dataDir, { names, log });
  await Promise.all(names.map((name) => rm(readyFileOf(dataDir, name), { force: true })));
}

/** The service processes of these names as they say of themselves; without names all that are recorded, of any deployment. */
export async function stageProcesses(dataDir: string, names?: readonly string[]): Promise<StageProcess[]> {
  const services = (await servicesStatus(dataDir)).filter(({ name }) => names?.includes(name) ?? true);
  return (await Promise.all(services.map((service) => describe(service, dataDir)))).flat();
}

async function describe({ name, pid, alive, logFile }: ServiceStatus, dataDir: string): Promise<StageProcess[]> {
  const stage = stageOf(name);
  if (stage === null) return [];
  const ready = alive ? await readReadyFile(readyFileOf(dataDir, name), pid) : null;
  const answer = ready === null ? null : await askService(ready.port);
  const status = answer?.stages.find((one) => one.stage === stage);
  const report = answer === null || status === undefined ? silentReport(stage, pid, alive) : reportOf(status, pid, answer.metricsText);
  return [{ service: name, logFile, report, ...(ready === null ? {} : { port: ready.port }) }];
}

/** Returns when a started process answers that it is ready. Throws ENGINE_UNAVAILABLE with its last words. */
export async function becomeReady({ name, pid, logFile }: ServiceStatus, dataDir: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  const readyFile = readyFileOf(dataDir, name);
  for (;;) {
    const ready = await readReadyFile(readyFile, pid);
    if (ready !== null && (await isReady(ready.port))) return;
    signal.throwIfAborted();
    if (!(await isRunning(dataDir, name, pid))) throw await failure(`The service ${name} ended while starting`, logFile);
    if (Date.now() >= deadline) throw await failure(`The service ${name} is not ready after ${READY_TIMEOUT_MS / 1000} s`, logFile);
    await sleep(POLL_MS);
  }
}

/** Whether the recorded service still runs, as the process it was started as. */
export async function isRunning(dataDir: string, name: string, pid: number): Promise<boolean> {
  return (await servicesStatus(dataDir)).some((service) => service.name === name && service.pid === pid && service.alive);
}

/** An error that tells what became of a service, where its log lies, and how that ends. */
export async function failure(what: string, logFile: string): Promise<LabelstreamError> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  const words = text === '' ? '  (the log is empty)' : lastWords(text);
  return new LabelstreamError('ENGINE_UNAVAILABLE', `${what}; see ${logFile}. Its log ends with:\n${words}`);
}
