import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { round } from '../round.js';
import { QUANTITIES } from './quantities.js';
import { type Point, type Series, thin } from './series.js';
import type { SoakCounts } from './traffic.js';
import { CRITERION, judge, type Trend } from './trend.js';

/** A series, and how it went. */
export interface JudgedSeries extends Trend {
  readonly quantity: string;
  readonly of: string;
  readonly unit: string;
  /** Thinned; peaks are kept. */
  readonly points: readonly Point[];
}

/** What a soak has found. */
export interface SoakReport {
  /** Everything is flat, and every event sent was heard of, at the pace it was meant to have. */
  readonly ok: boolean;
  readonly seconds: number;
  readonly seed: number;
  readonly products: number;
  /** Null where the rate was given. */
  readonly capacityPerSecond: number | null;
  readonly ratePerSecond: number;
  readonly events: SoakCounts & { readonly unaccounted: number; readonly perSecond: number };
  /** Pictures that could not be used; of these each would be a fault of the run itself. */
  readonly picturesFailed: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly criterion: typeof CRITERION;
  readonly series: readonly JudgedSeries[];
}

export interface ReportInput extends Omit<SoakReport, 'ok' | 'criterion' | 'series' | 'events'> {
  readonly counts: SoakCounts;
  readonly series: readonly Series[];
}

const POINTS_KEPT = 120;
const KEPT_PACE_SHARE = 0.98;
/** Series stand in this order, whoever answered first. */
const PROCESSES: readonly string[] = [...STAGE_NAMES, 'state', 'cache'];

/** Judges what was sampled. */
export function reportOf({ counts, series, ...input }: ReportInput): SoakReport {
  const judged = QUANTITIES.flatMap(({ id, unit, floor }) =>
    series
      .filter(({ quantity }) => quantity === id)
      .toSorted((a, b) => PROCESSES.indexOf(a.of) - PROCESSES.indexOf(b.of))
      .map(({ of, points }) => ({
        quantity: id,
        of,
        unit,
        ...rounded(judge(points, { totalSeconds: input.seconds, floor })),
        points: thin(points, POINTS_KEPT).map(({ seconds, value }) => ({ seconds: round(seconds, 2), value: round(value, 2) })),
      })),
  );
  const unaccounted = counts.sent - counts.labelled - counts.deleted;
  const perSecond = round(counts.sent / input.seconds, 2);
  const isFlat = judged.length > 0 && judged.every(({ verdict }) => verdict === 'flat');
  const keptPace = perSecond >= input.ratePerSecond * KEPT_PACE_SHARE;
  return {
    ok: isFlat && unaccounted === 0 && input.picturesFailed === 0 && keptPace,
    ...input,
    events: { ...counts, unaccounted, perSecond },
    criterion: CRITERION,
    series: judged,
  };
}

const rounded = ({ verdict, ...numbers }: Trend): Trend =>
  ({ verdict, ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, round(value, 2)])) }) as unknown as Trend;

/** What a soak ran at, in words. */
export function headline({ seconds, ratePerSecond, capacityPerSecond }: SoakReport): string {
  const share = capacityPerSecond === null ? '' : `, ${Math.round((100 * ratePerSecond) / capacityPerSecond)} % of capacity`;
  return `${Math.round(seconds / 6) / 10} min at ${ratePerSecond} events/s${share}`;
}

/** Lines for a terminal; the table has a row per series. */
export function renderSoak(report: SoakReport, table: (titles: readonly string[], rows: readonly (readonly string[])[]) => string): string {
  const rows = report.series.map(({ quantity, of, unit, first, last, fittedPerHour, allowed, verdict }) => [
    QUANTITIES.find(({ id }) => id === quantity)?.title ?? quantity,
    of,
    unit,
    ...[first, last, fittedPerHour, allowed].map((value) => value.toFixed(1)),
    verdict,
  ]);
  const { sent, labelled, deleted, unaccounted, perSecond } = report.events;
  return [
    headline(report),
    table(['quantity', 'of', 'unit', 'first third', 'last third', 'per hour', 'allowed', 'verdict'], rows),
    `${sent} events sent (${perSecond}/s), ${labelled} labelled, ${deleted} deleted, ${unaccounted} unaccounted, ${report.picturesFailed} pictures failed`,
    report.ok ? 'Everything is flat, and nothing is missing.' : 'Something grows, is missing, or was too slow.',
  ].join('\n');
}
