import {
  type ProcessVitals,
  type ProcessWork,
  type RunningProcess,
  type StartServiceDeps,
  startProcess,
} from '@labelstream/shared/service/start-service';
import type { BackfillWorker } from './job/worker.js';
import { openBackfill } from './open.js';

/** What a backfill worker answers on `/status`. */
export interface BackfillProcessStatus extends ProcessVitals {
  /** Codes of what is down and being waited for. */
  readonly outages: readonly string[];
  /** Ranges and plans at work. */
  readonly underWay: number;
}

type BackfillWork = ProcessWork & Pick<BackfillWorker, 'outages' | 'underWay'>;

/** Starts a backfill worker as a process, as the four services are started. Throws what cannot be waited for. */
export function startBackfillProcess(deps: StartServiceDeps): Promise<RunningProcess> {
  const { settings, env, log } = deps;
  return startProcess<BackfillWork>(deps, {
    async open(tools) {
      const worker = await (await openBackfill({ settings, env, log, ...tools })).startWorker();
      return {
        outages: worker.outages,
        underWay: worker.underWay,
        failed: new Promise<never>(() => {}),
        healthy: () => Date.now() - worker.lookedAtMs() < settings.WATCHDOG_MS,
        ready: () => worker.outages().length === 0,
      };
    },
    details: (work) =>
      ({ outages: work?.outages() ?? [], underWay: work?.underWay() ?? 0 }) satisfies Omit<BackfillProcessStatus, keyof ProcessVitals>,
  });
}
