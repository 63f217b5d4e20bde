import type { SoakReport } from './report.js';

/** The result as it is stored: JSON with a line per series, whose points are pairs of seconds and value. */
export function soakDocument({ series, ...rest }: SoakReport, facts: Readonly<Record<string, string | number>>): string {
  const head = JSON.stringify({ ...facts, ...rest }, null, 2);
  const lines = series.map(({ points, ...one }) =>
    JSON.stringify({ ...one, points: points.map(({ seconds, value }) => [seconds, value]) }),
  );
  return `${head.slice(0, -'\n}'.length)},\n  "series": [\n    ${lines.join(',\n    ')}\n  ]\n}\n`;
}
