import { commonSettings } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { type BatchSettings, batchPolicy } from '@labelstream/shared/stream/micro-batch';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { timeOf } from '../figures.js';
import type { BackfillLoad, BatchTime, SimulationSpec } from './model.js';

/** Of a pipeline, in words a user can give. */
export interface SimulationOptions extends BatchSettings {
  readonly instances: Readonly<Record<StageName, number>>;
  readonly partitions: number;
  readonly livePerSecond: number;
  readonly backfill: BackfillLoad;
  readonly minutes: number;
  readonly seed: number;
  readonly maxInFlight: number;
  /** Measured times, by stage; those of the figures for the rest. */
  readonly times?: Partial<Record<StageName, BatchTime>>;
}

/** The services' own defaults. */
export const DEFAULTS = commonSettings.parse({});

/** Before it the pipeline fills up; it is not measured. */
const WARM_UP_MS = 30_000;

/** The four stages as they are deployed. */
export function pipelineSpec(options: SimulationOptions): SimulationSpec {
  const { maxInFlight, partitions, livePerSecond, backfill, seed } = options;
  return {
    stages: STAGE_NAMES.map((name) => {
      const delivery = name === 'sink' ? 'transactional' : 'at-least-once';
      const policy = batchPolicy(options, { name, delivery });
      return { name, instances: options.instances[name], delivery, policy, maxInFlight, time: options.times?.[name] ?? timeOf(name) };
    }),
    partitions,
    livePerSecond,
    backfill,
    durationMs: options.minutes * 60_000,
    warmUpMs: WARM_UP_MS,
    seed,
  };
}

/** Parses `ingest=2,encoder=4`; a stage that is not named has one instance. Throws USAGE. */
export function parseInstances(text: string): Record<StageName, number> {
  const instances: Record<StageName, number> = { ingest: 1, encoder: 1, fusion: 1, sink: 1 };
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((each) => each.trim());
    const stage = STAGE_NAMES.find((each) => each === name);
    const count = Number(value);
    if (stage === undefined || !Number.isInteger(count) || count < 1 || count > 10_000) {
      throw new LabelstreamError('USAGE', `--instances takes stages with their number, as in encoder=4,fusion=2; "${part}" is none.`);
    }
    instances[stage] = count;
  }
  return instances;
}

/** Parses `off`, `saturating` or listings a second. Throws USAGE. */
export function parseBackfill(text: string, window: number): BackfillLoad {
  if (text === 'off') return { kind: 'off' };
  if (text === 'saturating') return { kind: 'saturating', window };
  const perSecond = Number(text);
  if (text.trim() !== '' && perSecond > 0 && Number.isFinite(perSecond)) return { kind: 'rate', perSecond };
  throw new LabelstreamError('USAGE', `--backfill takes saturating, off, or listings a second; "${text}" is none of these.`);
}
