import { startHttp } from '@labelstream/shared/observability/http';
import { removeReadyFile, writeReadyFile } from '@labelstream/shared/observability/ready-file';
import type { RunningProcess, StartServiceDeps } from '@labelstream/shared/service/start-service';
import { waitAtStart } from '@labelstream/shared/service/wait-at-start';
import { createLifecycle, startOrRollBack } from '@labelstream/shared/stream/lifecycle';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { BackfillWorker } from './job/worker.js';
import { openBackfill } from './open.js';

/** What a backfill worker answers on `/status`. */
export interface BackfillProcessStatus {
  readonly name: string;
  readonly pid: number;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  readonly healthy: boolean;
  /** Codes of what is down and being waited for. */
  readonly outages: readonly string[];
  /** Ranges and plans at work. */
  readonly underWay: number;
}

/**
 * Starts a backfill worker as a process, in the order of the four services: health and metrics first, then the connections, then the work.
 *
 * @throws what cannot be waited for; everything opened is closed again
 */
export async function startBackfillProcess({ name, settings, env, log, signal }: StartServiceDeps): Promise<RunningProcess> {
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const lifecycle = createLifecycle(log);
  let worker: BackfillWorker | null = null;
  const status = (): BackfillProcessStatus => ({
    name,
    pid: process.pid,
    uptimeSeconds: Math.round(process.uptime()),
    ready: worker !== null && worker.outages().length === 0,
    // A process that still waits for its dependencies is well: a restart would not help.
    healthy: worker === null || Date.now() - worker.lookedAtMs() < settings.WATCHDOG_MS,
    outages: worker?.outages() ?? [],
    underWay: worker?.underWay() ?? 0,
  });

  return startOrRollBack(lifecycle, async () => {
    const { HTTP_HOST: host, HTTP_PORT, READY_FILE } = settings;
    const checks = { healthy: () => status().healthy, ready: () => status().ready, status };
    const { port } = await lifecycle.open(
      'http',
      () => startHttp({ host, port: HTTP_PORT, metrics, ...checks }),
      (opened) => opened.close(),
    );
    const wait = waitAtStart(log, signal);
    worker = await (await openBackfill({ settings, env, log, lifecycle, wait, metrics })).startWorker();
    if (READY_FILE !== undefined)
      await lifecycle.open(
        'ready file',
        () => writeReadyFile(READY_FILE, { name, pid: process.pid, port }),
        () => removeReadyFile(READY_FILE),
      );
    log.info({ port }, 'ready');
    return { port, failed: new Promise<never>(() => {}), healthy: () => status().healthy, stop: () => lifecycle.close() };
  });
}
