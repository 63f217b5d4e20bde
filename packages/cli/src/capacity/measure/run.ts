import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import type { DemoPlan } from '../../demo/plan.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { serviceName } from '../../pipeline/report.js';
import { askService } from '../../pipeline/service-api.js';
import { stageProcesses } from '../../pipeline/stage-processes.js';
import { countersOf, type StageCounters } from './counters.js';
import { type Phase, type PhaseLoad, runPhases } from './phases.js';
import { type SimulatedPhase, simulatePhase } from './replay.js';
import { type RecordSizes, weighRecords } from './sizes.js';

export interface MeasureOptions {
  readonly pipeline: Pipeline;
  readonly plan: DemoPlan;
  /** Where the processes of the pipeline are recorded. */
  readonly dataDir: string;
  readonly livePerSecond: number;
  /** Of each of the three phases that are compared. */
  readonly seconds: number;
  readonly window: number;
  /** Of each topic. */
  readonly partitions: number;
  readonly seed: number;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What `capacity measure --json` prints. */
export interface MeasureReport {
  readonly phases: readonly Phase[];
  /** What the simulation makes of the phases with a load, from the times of their stages. */
  readonly simulated: readonly SimulatedPhase[];
  readonly recordBytes: RecordSizes;
}

const REST_PER_SECOND = 4;
const SETTLE_SECONDS = 8;

/** Rest, live alone, backfill alone, both: about two minutes with the defaults. */
export async function measurePipeline(options: MeasureOptions): Promise<MeasureReport> {
  const { pipeline, plan, livePerSecond, seconds } = options;
  const settleSeconds = SETTLE_SECONDS;
  const loads: PhaseLoad[] = [
    { name: 'rest', livePerSecond: REST_PER_SECOND, hasBackfill: false, settleSeconds, seconds: Math.ceil(seconds / 2) },
    { name: 'live', livePerSecond, hasBackfill: false, settleSeconds, seconds },
    { name: 'backfill', livePerSecond: 0, hasBackfill: true, settleSeconds, seconds: Math.ceil(seconds / 2) },
    { name: 'both', livePerSecond, hasBackfill: true, settleSeconds, seconds },
  ];
  const phases = await runPhases(loads, {
    ...options,
    backfill: options,
    messages: plan.messages,
    scrape: () => scrapeStages(pipeline, options.dataDir),
  });
  const [rest, ...loaded] = phases;
  const simulated = rest === undefined ? [] : loaded.map((phase) => simulatePhase(rest, phase, options));
  return { phases, simulated, recordBytes: await weighRecords(pipeline) };
}

/** What the stages of a pipeline of processes have done so far. */
export async function scrapeStages(
  { topicPrefix }: Pick<Pipeline, 'topicPrefix'>,
  dataDir: string,
): Promise<Record<StageName, StageCounters>> {
  const names = STAGE_NAMES.map((stage) => serviceName(topicPrefix, stage));
  const processes = await stageProcesses(dataDir, names);
  const counters = await Promise.all(
    processes.map(async ({ port, report }) => {
      const answer = port === undefined ? null : await askService(port);
      return [report.name, countersOf(answer?.metricsText ?? '', report.name)] as const;
    }),
  );
  return Object.fromEntries(counters) as Record<StageName, StageCounters>;
}
