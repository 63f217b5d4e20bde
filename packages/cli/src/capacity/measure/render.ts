import type { Table } from '../simulation/render.js';
import type { MeasureReport } from './run.js';

/** Measured and simulated side by side, for a terminal. */
export function renderMeasure({ phases, simulated, recordBytes }: MeasureReport, table: Table): string {
  const rows = phases.map(({ load, live, backfill }) => {
    const { name } = load;
    const result = simulated.find((one) => one.name === name)?.result;
    return [
      name,
      ...pair(live.p50Ms, result?.live.p50Ms),
      ...pair(live.p99Ms, result?.live.p99Ms),
      ...pair(backfill.perSecond, result?.backfill.perSecond),
    ];
  });
  const header = ['phase', 'live p50 ms', 'simulated', 'live p99 ms', 'simulated', 'backfill/s', 'simulated'];
  const sizes = table(
    ['record', 'mean bytes'],
    Object.entries(recordBytes).map(([name, bytes]) => [name, String(bytes)]),
  );
  return `${table(header, rows)}\n\n${sizes}`;
}

const pair = (seen: number | null, simulated: number | null | undefined) => [number(seen), number(simulated)];
const number = (value: number | null | undefined) => (value === null || value === undefined ? '–' : value.toFixed(value < 100 ? 1 : 0));
