import type { StageName } from '@labelstream/shared/stream/stage';

/** What a stage has done, from its metrics. Counted from its start, or over a stretch of time as the difference of two. */
export interface StageCounters {
  readonly batches: number;
  readonly listings: number;
  /** Inside the stage: stores, computing, and the wait for another batch's computing. */
  readonly processSeconds: number;
  /** Making outcomes durable. */
  readonly carryOutSeconds: number;
  /** Inside ONNX Runtime; 0 for stages without a model. */
  readonly runSeconds: number;
  /** Processor time of the process, user and system. */
  readonly cpuSeconds: number;
}

const SAMPLE = /^(?<name>[a-z_]+)(?:\{(?<labels>[^}]*)\})? (?<value>[-+0-9.e]+)$/gm;

/** Reads a stage's counters from the metrics of its process, in Prometheus' text format. */
export function countersOf(metricsText: string, stage: StageName): StageCounters {
  const samples = [...metricsText.matchAll(SAMPLE)].map(({ groups }) => ({
    name: groups?.name ?? '',
    labels: groups?.labels ?? '',
    value: Number(groups?.value),
  }));
  const total = (name: string, label = '') =>
    samples.filter((sample) => sample.name === name && sample.labels.includes(label)).reduce((sum, { value }) => sum + value, 0);
  const ofStage = (name: string) => total(`labelstream_micro_batch_${name}`, `stage="${stage}"`);
  return {
    batches: ofStage('process_seconds_count'),
    listings: ofStage('messages_sum'),
    processSeconds: ofStage('process_seconds_sum'),
    carryOutSeconds: ofStage('carry_out_seconds_sum'),
    runSeconds: total(`labelstream_${stage}_run_seconds_sum`),
    cpuSeconds: total('process_cpu_seconds_total'),
  };
}

/** What was done between two looks. */
export function between(before: StageCounters, after: StageCounters): StageCounters {
  return {
    batches: after.batches - before.batches,
    listings: after.listings - before.listings,
    processSeconds: after.processSeconds - before.processSeconds,
    carryOutSeconds: after.carryOutSeconds - before.carryOutSeconds,
    runSeconds: after.runSeconds - before.runSeconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
}
