import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import type { BatchTime } from '../simulation/model.js';
import type { StageCounters } from './counters.js';
import type { Phase } from './phases.js';

/** Sums of times have no distribution in them, so the spread cannot be told from counters. */
const ASSUMED_SPREAD = 0.25;
/** Topics on the way from who sends an event to who reads its labels. */
const HOPS = STAGE_NAMES.length + 1;

/**
 * The time model of each stage in a phase. Computing and making durable are what the phase itself shows, for a shared machine is not
 * equally fast in two phases; stores and brokers are what a lone listing waits for at rest, where no batch waits for another. The latency
 * at rest that lies in no stage lies between them, in equal parts.
 */
export function calibrate(rest: Phase, phase: Phase): Record<StageName, BatchTime> {
  const insideMs = STAGE_NAMES.reduce((sum, stage) => {
    const { processSeconds, carryOutSeconds, batches } = rest.stages[stage];
    return sum + perMs(processSeconds + carryOutSeconds, batches);
  }, 0);
  const hopMs = Math.max(0, ((rest.live.meanMs ?? 0) - insideMs) / HOPS);
  const timeOf = (stage: StageName, at: number): BatchTime => ({
    ...stageTime(rest.stages[stage], phase.stages[stage]),
    // A simulation has no hop before the first stage; behind it there are two.
    fetchMs: at === 0 ? 2 * hopMs : hopMs,
  });
  return Object.fromEntries(STAGE_NAMES.map((stage, at) => [stage, timeOf(stage, at)])) as Record<StageName, BatchTime>;
}

function stageTime(rest: StageCounters, phase: StageCounters): Omit<BatchTime, 'fetchMs'> {
  // Of a stage with a model, what is one at a time is ONNX Runtime; of one without, the processor.
  const work = (counters: StageCounters) => (counters.runSeconds > 0 ? counters.runSeconds : counters.cpuSeconds);
  const restWorkMs = Math.min(perMs(work(rest), rest.batches), perMs(rest.processSeconds, rest.batches));
  return {
    fixedMs: 0,
    perListingMs: perMs(work(phase), phase.listings),
    spread: ASSUMED_SPREAD,
    waitMs: perMs(rest.processSeconds, rest.batches) - restWorkMs,
    carryOutMs: perMs(phase.carryOutSeconds, phase.batches),
  };
}

const perMs = (seconds: number, count: number) => (count === 0 ? 0 : (seconds * 1000) / count);
