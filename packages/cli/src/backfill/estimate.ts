import type { Backfill, NewBackfill } from '@labelstream/backfill/job/backfill';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { planInputs } from '../capacity/plan/inputs.js';
import { makePlan } from '../capacity/plan/plan.js';

/**
 * Where the speed of an estimate comes from. `rate`: the ceiling that was asked for. `lastBackfill`: what the last one of the kind did here.
 * `figures`: one instance of each service on a core of its own, by the figures of docs/capacity.md.
 */
export type SpeedFrom = 'rate' | 'lastBackfill' | 'figures';

/** What a backfill is likely to take. */
export interface Estimate {
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly speedFrom: SpeedFrom;
  /** Core hours of all services together, with the share of a core that is kept free for bursts. */
  readonly coreHours: number;
  /** US dollars; core hours, and for a re-label the requests to the archive, at the assumed prices. */
  readonly cost: number;
  /** Assumed, US dollars. */
  readonly coreHourPrice: number;
}

/** The stages that archived tokens pass. */
const RELABELLING: readonly StageName[] = ['fusion', 'sink'];
/** The beginning of a backfill fills the pipeline faster than it drains: a short one tells too high a speed. */
const TELLING_ROWS = 1000;

/** Estimates time and cost; `earlier`: the backfills of the deployment, the newest first. Undefined where the number of rows is not known. */
export function estimate(
  { from, rate }: Pick<NewBackfill, 'from' | 'rate'>,
  rows: number,
  earlier: readonly Backfill[],
): Estimate | undefined {
  if (rows === 0) return undefined;
  const { stages, inputs, backfill, relabel } = makePlan(planInputs({ listings: rows }));
  const passed = from === 'tokens' ? RELABELLING : STAGE_NAMES;
  const perSecond = stages.flatMap(({ stage, listingsPerSecondPerInstance }) =>
    passed.includes(stage) ? [listingsPerSecondPerInstance] : [],
  );
  const lately = lastSpeed(from, earlier);
  const free = lately ?? Math.min(...perSecond) * inputs.utilisation;
  const rowsPerSecond = Math.min(free, rate ?? free);
  const { instanceHours: coreHours, cost } = from === 'tokens' ? relabel : backfill;
  const speedFrom = rowsPerSecond < free ? 'rate' : lately === undefined ? 'figures' : 'lastBackfill';
  return { seconds: rows / rowsPerSecond, rowsPerSecond, speedFrom, coreHours, cost, coreHourPrice: inputs.prices.coreHour };
}

/** The mean speed of the last backfill of the kind that was not held back by a ceiling. */
function lastSpeed(from: NewBackfill['from'], earlier: readonly Backfill[]): number | undefined {
  for (const { state, counts, startedAtMs, endedAtMs, ...backfill } of earlier) {
    if (backfill.from !== from || backfill.rate !== undefined || state !== 'done' || counts.rowsSent < TELLING_ROWS) continue;
    const seconds = ((endedAtMs ?? 0) - (startedAtMs ?? 0)) / 1000;
    if (startedAtMs !== undefined && seconds > 0) return counts.rowsSent / seconds;
  }
  return undefined;
}
