/** A mean and how far from it the true one may lie, either way. */
export interface Interval {
  readonly mean: number;
  readonly halfWidth: number;
}

const BATCHES = 20;
/** Student's t for 19 degrees of freedom, 99 % two-sided. */
const T_99 = 2.861;

/**
 * The mean of a series whose neighbours depend on each other, as waiting times do, with its 99 % confidence interval by batch means: the
 * means of 20 long stretches are nearly independent. Null for fewer than 20 values.
 */
export function batchMeans(series: readonly number[]): Interval | null {
  const size = Math.floor(series.length / BATCHES);
  if (size === 0) return null;
  const means = Array.from({ length: BATCHES }, (_, i) => meanOf(series.slice(i * size, (i + 1) * size)));
  const mean = meanOf(means);
  const variance = means.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (BATCHES - 1);
  return { mean, halfWidth: T_99 * Math.sqrt(variance / BATCHES) };
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
