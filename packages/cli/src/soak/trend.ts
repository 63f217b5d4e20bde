import type { Point } from './series.js';

/** What the criterion of growth is made of. */
export const CRITERION = {
  /** Share of the time at the start that is not judged: heaps, pools and caches fill. */
  warmUpShare: 0.2,
  /** Growth up to this share of the mean is none. */
  shareOfMean: 0.05,
  /** Fewer points than this after the warm-up say nothing. */
  minPoints: 6,
} as const;

export type Verdict = 'flat' | 'grows' | 'too few samples';

/** How a series went after the warm-up, in its own unit. */
export interface Trend {
  readonly verdict: Verdict;
  readonly mean: number;
  /** Median of the first third, and of the last. */
  readonly first: number;
  readonly last: number;
  /** From the first judged sample to the last, along the least-squares line. */
  readonly fittedGrowth: number;
  readonly fittedPerHour: number;
  /** Growth from here on counts. */
  readonly allowed: number;
}

/** The slope of the least-squares line, per second; 0 where there is no line. */
export function slopeOf(points: readonly Point[]): number {
  const meanSeconds = mean(points.map(({ seconds }) => seconds));
  const meanValue = mean(points.map(({ value }) => value));
  let products = 0;
  let squares = 0;
  for (const { seconds, value } of points) {
    products += (seconds - meanSeconds) * (value - meanValue);
    squares += (seconds - meanSeconds) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}

/**
 * Judges a series. It grows when two things agree, each by more than 5 % of the mean and more than `floor`: the least-squares line from end
 * to end, and the median of the last third over that of the first. The line alone is bent by one late peak, and the medians alone by where
 * in the saw-tooth of a garbage collector the thirds begin.
 *
 * @param totalSeconds the time of the whole run, of which the warm-up is a share
 */
export function judge(points: readonly Point[], { totalSeconds, floor }: { totalSeconds: number; floor: number }): Trend {
  const judged = points.filter(({ seconds }) => seconds >= totalSeconds * CRITERION.warmUpShare);
  const values = judged.map(({ value }) => value);
  const third = Math.ceil(values.length / 3);
  const first = median(values.slice(0, third));
  const last = median(values.slice(-third));
  const slope = slopeOf(judged);
  const fittedGrowth = slope * ((judged.at(-1)?.seconds ?? 0) - (judged[0]?.seconds ?? 0));
  const allowed = Math.max(floor, Math.abs(mean(values)) * CRITERION.shareOfMean);
  return {
    verdict: verdictOf({ count: judged.length, grown: Math.min(fittedGrowth, last - first), allowed }),
    mean: mean(values),
    first,
    last,
    fittedGrowth,
    fittedPerHour: slope * 3600,
    allowed,
  };
}

function verdictOf({ count, grown, allowed }: { count: number; grown: number; allowed: number }): Verdict {
  if (count < CRITERION.minPoints) return 'too few samples';
  return grown > allowed ? 'grows' : 'flat';
}

const mean = (values: readonly number[]) => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length);

function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ascending.length / 2);
  const upper = ascending[middle] ?? 0;
  return ascending.length % 2 === 1 ? upper : ((ascending[middle - 1] ?? upper) + upper) / 2;
}
