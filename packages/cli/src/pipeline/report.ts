import { LANES } from '@labelstream/shared/events/lane';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import type { WorkerStatus } from '@labelstream/shared/stream/worker';
import type { StageReport } from './pipeline.js';

/** A worker's own words and the text of its process's metrics, as one report. */
export function reportOf(status: WorkerStatus, pid: number, metricsText: string): StageReport {
  return {
    name: status.stage,
    pid,
    health: status.ready && status.healthy ? 'ready' : 'unready',
    lag: LANES.reduce((sum, lane) => sum + (status.lag?.[lane] ?? 0), 0),
    outcomes: status.outcomes,
    drops: dropsOf(metricsText, status.stage),
  };
}

/** The report of a service that says nothing: `unready` while its process lives (it is starting, or stalled). */
export function silentReport(name: StageName, pid: number, isAlive: boolean): StageReport {
  return { name, pid, health: isAlive ? 'unready' : 'down', lag: 0, outcomes: {}, drops: {} };
}

const DROP_SAMPLE = /^labelstream_drops_total\{(?<labels>[^}]*)\} (?<count>\d+)/gm;

/** Dropped messages of a stage by reason, from metrics in Prometheus' text format. */
export function dropsOf(metricsText: string, stage: StageName): Record<string, number> {
  const drops: Record<string, number> = {};
  for (const { groups } of metricsText.matchAll(DROP_SAMPLE)) {
    const labels = Object.fromEntries([...(groups?.labels ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
    if (labels.stage === stage && labels.reason !== undefined) drops[labels.reason] = Number(groups?.count);
  }
  return drops;
}

/** The process that works on backfills, beside those of the stages. */
export const BACKFILL_PROCESS = 'backfill';
/** The process that runs stages for the backfill lane alone. */
export const BACKFILL_STAGES_PROCESS = 'backfill-stages';

/** The name of a deployment's process: the stage's own, behind the topic prefix where there is one. */
export function serviceName(topicPrefix: string, process: StageName | typeof BACKFILL_PROCESS | typeof BACKFILL_STAGES_PROCESS): string {
  const deployment = topicPrefix.replace(/[._-]+$/, '');
  return deployment === '' ? process : `${deployment}-${process}`;
}

/** The stage that a service runs, told from its name; null for a process that is none of ours. */
export function stageOf(name: string): StageName | null {
  return STAGE_NAMES.find((stage) => name === stage || name.endsWith(`-${stage}`)) ?? null;
}
