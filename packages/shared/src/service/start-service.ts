import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { CommonSettings, Env } from '../config.js';
import { startHttp } from '../observability/http.js';
import { removeReadyFile, writeReadyFile } from '../observability/ready-file.js';
import { createLifecycle, startOrRollBack } from '../stream/lifecycle.js';
import type { WorkerStatus } from '../stream/worker.js';
import { openContext } from './open-context.js';
import { type RunningServices, runServices } from './run-services.js';
import type { Service } from './service.js';
import { waitAtStart } from './wait-at-start.js';

/** What a process answers on `/status`. */
export interface ProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly healthy: boolean;
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

/**
 * Starts a process in order: health and metrics first, so that a process that waits can be asked; then the connections, then the stages.
 *
 * @throws what cannot be waited for; everything opened is closed again
 */
export async function startServices(services: readonly Service[], deps: StartServiceDeps): Promise<RunningProcess> {
  const { name, settings, env, log, signal } = deps;
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const lifecycle = createLifecycle(log);
  let running: RunningServices | null = null;
  const status = (): ProcessStatus => ({
    name,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    ready: running?.ready() ?? false,
    // A process that still waits for its dependencies is well: a restart would not help.
    healthy: running?.healthy() ?? true,
    stages: running?.status() ?? [],
  });

  return startOrRollBack(lifecycle, async () => {
    const { HTTP_HOST: host, HTTP_PORT, READY_FILE } = settings;
    const checks = { healthy: () => status().healthy, ready: () => status().ready, status };
    const { port } = await lifecycle.open(
      'http',
      () => startHttp({ host, port: HTTP_PORT, metrics, ...checks }),
      (opened) => opened.close(),
    );
    const context = await openContext(settings, { log, lifecycle, wait: waitAtStart(log, signal), metrics });
    const stages = await lifecycle.open(
      'stages',
      () => runServices(services, context, { env, signal }),
      (opened) => opened.stop(),
    );
    running = stages;
    if (READY_FILE !== undefined)
      await lifecycle.open(
        'ready file',
        () => writeReadyFile(READY_FILE, { name, pid: process.pid, port }),
        () => removeReadyFile(READY_FILE),
      );
    log.info({ port }, 'ready');
    return { port, failed: stages.failed, healthy: stages.healthy, stop: () => lifecycle.close() };
  });
}
