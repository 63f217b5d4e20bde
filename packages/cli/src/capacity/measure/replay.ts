import type { StageName } from '@labelstream/shared/stream/stage';
import type { BatchTime } from '../simulation/model.js';
import { DEFAULTS, parseInstances, pipelineSpec } from '../simulation/options.js';
import { type SimulationResult, simulate } from '../simulation/simulate.js';
import { calibrate } from './calibrate.js';
import type { Phase } from './phases.js';

/** A phase as it is simulated. */
export interface SimulatedPhase {
  readonly name: string;
  readonly times: Readonly<Record<StageName, BatchTime>>;
  readonly result: SimulationResult;
}

/** The pipeline that was measured: one instance of each stage with the default batch settings. */
export interface MeasuredPipeline {
  /** Of each topic. */
  readonly partitions: number;
  /** Listings of the backfill that were kept under way. */
  readonly window: number;
  readonly seed: number;
  /** BACKFILL_BATCH_MS of the stages; default: theirs. */
  readonly backfillBatchMs?: number;
}

const MINUTES = 20;

/** Simulates the load of a phase with the times that its stages took in it: what is left to be told is the waiting, and who gets what. */
export function simulatePhase(rest: Phase, phase: Phase, pipeline: MeasuredPipeline): SimulatedPhase {
  const { partitions, window, seed, backfillBatchMs = DEFAULTS.BACKFILL_BATCH_MS } = pipeline;
  const times = calibrate(rest, phase);
  const spec = pipelineSpec({
    instances: parseInstances(''),
    partitions,
    livePerSecond: phase.load.livePerSecond,
    backfill: phase.load.hasBackfill ? { kind: 'saturating', window } : { kind: 'off' },
    minutes: MINUTES,
    seed,
    maxBatchAgeMs: DEFAULTS.BATCH_MAX_AGE_MS,
    maxInFlight: DEFAULTS.MAX_IN_FLIGHT,
    backfillShare: DEFAULTS.BACKFILL_SHARE,
    backfillBatchMs,
    times,
  });
  return { name: phase.load.name, times, result: simulate(spec) };
}
