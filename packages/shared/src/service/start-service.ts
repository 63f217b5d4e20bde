import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { lowerPriority } from '../adapters/process/priority.js';
import type { CommonSettings, Env } from '../config.js';
import { startHttp } from '../observability/http.js';
import { removeReadyFile, writeReadyFile } from '../observability/ready-file.js';
import { createLifecycle, type Lifecycle, startOrRollBack } from '../stream/lifecycle.js';
import type { WorkerStatus } from '../stream/worker.js';
import { openContext } from './open-context.js';
import { type RunningServices, runServices } from './run-services.js';
import type { Service } from './service.js';
import { type WaitAtStart, waitAtStart } from './wait-at-start.js';

/** What every process answers on `/status`. */
export interface ProcessVitals {
  readonly name: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly healthy: boolean;
}

/** What a process of stages answers on `/status`. */
export interface ProcessStatus extends ProcessVitals {
  /** Empty until the stages are at work. */
  readonly stages: readonly WorkerStatus[];
}

export interface StartServiceDeps {
  readonly name: string;
  readonly settings: CommonSettings;
  readonly env: Env;
  readonly log: Logger;
  /** Aborted when the process is to stop. */
  readonly signal: AbortSignal;
}

/** A process at work. */
export interface RunningProcess {
  readonly port: number;
  readonly failed: Promise<never>;
  healthy(): boolean;
  /** Drains, and closes everything in reverse order. */
  stop(): Promise<void>;
}

/** What is at work in a process. */
export interface ProcessWork {
  /** Resolves never, or rejects with what ends the process. */
  readonly failed: Promise<never>;
  healthy(): boolean;
  ready(): boolean;
}

/** What work is opened with; the lifecycle closes it. */
export interface WorkTools {
  readonly lifecycle: Lifecycle;
  readonly wait: WaitAtStart;
  readonly metrics: Registry;
}

export interface ProcessPlan<W extends ProcessWork> {
  open(tools: WorkTools): Promise<W>;
  /** What `/status` says beyond the vitals; null until the work is open. */
  details(work: W | null): object;
}

/**
 * Starts a process in order: health and metrics first, so that a process that waits can be asked; then the connections, then the work.
 *
 * @throws what cannot be waited for; everything opened is closed again
 */
export async function startProcess<W extends ProcessWork>(deps: StartServiceDeps, plan: ProcessPlan<W>): Promise<RunningProcess> {
  const { name, settings, log, signal } = deps;
  lowerPriority(settings.PROCESS_NICE, log);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const lifecycle = createLifecycle(log);
  let work: W | null = null;
  const ready = () => work?.ready() ?? false;
  // A process that still waits for its dependencies is well: a restart would not help.
  const healthy = () => work?.healthy() ?? true;
  const vitals = (): ProcessVitals => ({
    name,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    ready: ready(),
    healthy: healthy(),
  });
  const status = () => ({ ...vitals(), ...plan.details(work) });

  return startOrRollBack(lifecycle, async () => {
    const { HTTP_HOST: host, HTTP_PORT, READY_FILE } = settings;
    const { port } = await lifecycle.open(
      'http',
      () => startHttp({ host, port: HTTP_PORT, metrics, healthy, ready, status }),
      (opened) => opened.close(),
    );
    const opened = await plan.open({ lifecycle, wait: waitAtStart(log, signal), metrics });
    work = opened;
    if (READY_FILE !== undefined)
      await lifecycle.open(
        'ready file',
        () => writeReadyFile(READY_FILE, { name, pid: process.pid, port }),
        () => removeReadyFile(READY_FILE),
      );
    log.info({ port }, 'ready');
    return { port, failed: opened.failed, healthy, stop: () => lifecycle.close() };
  });
}

/** {@link startProcess} with stages as its work. */
export function startServices(services: readonly Service[], deps: StartServiceDeps): Promise<RunningProcess> {
  const { settings, env, log, signal } = deps;
  return startProcess<RunningServices>(deps, {
    async open({ lifecycle, wait, metrics }) {
      const context = await openContext(settings, { log, lifecycle, wait, metrics });
      return lifecycle.open(
        'stages',
        () => runServices(services, context, { env, signal }),
        (opened) => opened.stop(),
      );
    },
    details: (running) => ({ stages: running?.status() ?? [] }) satisfies Omit<ProcessStatus, keyof ProcessVitals>,
  });
}
