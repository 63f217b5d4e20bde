import type { LaneResult } from './measure.js';
import type { SimulationResult } from './simulate.js';

/** Lays out a table for a terminal. */
export type Table = (header: readonly string[], rows: readonly (readonly string[])[]) => string;

/** A simulation's result for a terminal. */
export function renderSimulation({ live, backfill, stages }: SimulationResult, table: Table): string {
  const lanes = table(
    ['lane', 'listings/s', 'p50', 'p99', 'mean (99 % sure)', 'under way'],
    [
      ['live', ...laneCells(live)],
      ['backfill', ...laneCells(backfill)],
    ],
  );
  const perStage = table(
    ['stage', 'instances', 'utilisation', 'listings/s', 'mean wait of live'],
    stages.map(({ name, instances, utilisation, perSecond, meanLiveWaitMs }) => [
      name,
      String(instances),
      `${(utilisation * 100).toFixed(1)} %`,
      perSecond.toFixed(1),
      milliseconds(meanLiveWaitMs),
    ]),
  );
  return `${lanes}\n\n${perStage}`;
}

const laneCells = ({ perSecond, p50Ms, p99Ms, meanMs, meanUnderWay }: LaneResult) => [
  perSecond.toFixed(1),
  milliseconds(p50Ms),
  milliseconds(p99Ms),
  meanMs === null ? '–' : `${meanMs.mean.toFixed(1)} ± ${meanMs.halfWidth.toFixed(1)} ms`,
  meanUnderWay.toFixed(1),
];

const milliseconds = (value: number | null) => (value === null ? '–' : `${value.toFixed(1)} ms`);
