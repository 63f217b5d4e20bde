import { QUANTITIES } from '../../src/soak/quantities.js';
import { type ReportInput, reportOf } from '../../src/soak/report.js';
import type { Series } from '../../src/soak/series.js';

const SECONDS = 3600;

export const seriesOf = (quantity: string, of: string, value: (seconds: number) => number): Series => ({
  quantity,
  of,
  points: Array.from({ length: 720 }, (_, i) => ({ seconds: i * 5, value: value(i * 5) })),
});

/** Every quantity of every process, level. */
export function levelSeries(): Series[] {
  return QUANTITIES.flatMap(({ id }, i) =>
    (id.startsWith('redis') ? ['state', 'cache'] : ['ingest', 'encoder', 'fusion', 'sink']).map((of, j) =>
      seriesOf(id, of, (seconds) => 100 * (i + 1) + 20 * j + (seconds % 7)),
    ),
  );
}

/** An hour in which all was well. */
export const reportWith = (changed: Partial<ReportInput> = {}) =>
  reportOf({
    seconds: SECONDS,
    seed: 1,
    products: 1000,
    capacityPerSecond: 80,
    ratePerSecond: 40,
    counts: { sent: 144_000, labelled: 137_000, deleted: 7_000 },
    picturesFailed: 0,
    settings: {},
    series: levelSeries(),
    ...changed,
  });
