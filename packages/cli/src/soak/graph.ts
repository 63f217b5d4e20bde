import { QUANTITIES, type Quantity } from './quantities.js';
import { headline, type JudgedSeries, type SoakReport } from './report.js';
import { CRITERION } from './trend.js';

const COLUMNS = 2;
const PANEL = { width: 470, height: 196 };
const PLOT = { left: 58, top: 46, width: 392, height: 118 };
const HEADER = 66;
const TICKS = 4;
const LEGEND = 98;

/** A colour of each process, on light and on dark. */
const COLOURS: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  ingest: ['#0969da', '#58a6ff'],
  encoder: ['#bc4c00', '#f0883e'],
  fusion: ['#1a7f37', '#3fb950'],
  sink: ['#8250df', '#bc8cff'],
  state: ['#0969da', '#58a6ff'],
  cache: ['#bc4c00', '#f0883e'],
};

/** Draws a soak as SVG: a panel per quantity with a line per process, from 0 on, light or dark as the reader's system is. */
export function drawSoak(report: SoakReport): string {
  const panels = QUANTITIES.flatMap((quantity) => {
    const lines = report.series.filter((series) => series.quantity === quantity.id);
    return lines.length === 0 ? [] : [{ quantity, lines }];
  });
  const width = COLUMNS * PANEL.width;
  const height = HEADER + Math.ceil(panels.length / COLUMNS) * PANEL.height;
  const drawn = panels.map(({ quantity, lines }, i) => {
    const x = (i % COLUMNS) * PANEL.width;
    const y = HEADER + Math.floor(i / COLUMNS) * PANEL.height;
    return `<g transform="translate(${x} ${y})">\n${panel(quantity, lines, report.seconds)}\n</g>`;
  });
  const { sent, unaccounted } = report.events;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${inXml(headline(report))}">`,
    `<style>${style()}</style>`,
    `<rect class="back" width="${width}" height="${height}"/>`,
    `<text class="title" x="16" y="28">Soak: ${inXml(headline(report))}</text>`,
    `<text class="note" x="16" y="50">${sent} events, ${unaccounted} unaccounted. Beside each process: the median of the last third. Shaded: warm-up, not judged.</text>`,
    ...drawn,
    '</svg>',
  ].join('\n')}\n`;
}

function panel({ title, unit }: Quantity, lines: readonly JudgedSeries[], seconds: number): string {
  const { left, top, width, height } = PLOT;
  const step = stepOf(Math.max(1, ...lines.flatMap(({ points }) => points.map(({ value }) => value))), TICKS);
  const values = Array.from({ length: TICKS + 1 }, (_, i) => Number((i * step).toPrecision(6)));
  const x = (at: number) => px(left + (Math.min(at, seconds) / seconds) * width);
  const y = (value: number) => px(top + height - (value / (TICKS * step)) * height);
  const [timeStep, timeUnit] = seconds < 300 ? [stepOf(seconds, 5), 's'] : [stepOf(seconds / 60, 6) * 60, 'min'];
  const times = Array.from({ length: Math.floor(seconds / timeStep + 1e-9) + 1 }, (_, i) => i * timeStep);
  const shown = (at: number) => (timeUnit === 's' ? at : at / 60);
  return [
    `<text class="name" x="${left}" y="16">${inXml(title)}, ${inXml(unit)}</text>`,
    ...lines.map((line, i) => legend(line, left + i * LEGEND)),
    `<rect class="warm" x="${left}" y="${top}" width="${px(width * CRITERION.warmUpShare)}" height="${height}"/>`,
    ...values.map((value) => `<path class="grid" d="M${left} ${y(value)}H${left + width}"/>`),
    ...values.map(
      (value) => `<text class="tick" x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value.toLocaleString('en')}</text>`,
    ),
    ...times.map((at) => `<text class="tick" x="${x(at)}" y="${top + height + 18}" text-anchor="middle">${shown(at)} ${timeUnit}</text>`),
    ...lines.map(({ of, points }) => {
      const path = points.map(({ seconds: at, value }, i) => `${i === 0 ? 'M' : 'L'}${x(at)} ${y(value)}`).join('');
      return `<path class="line ${of}" d="${path}"/>`;
    }),
  ].join('\n');
}

function legend({ of, last, verdict }: JudgedSeries, x: number): string {
  const said = verdict === 'flat' ? '' : ` ${verdict}`;
  const value = last.toLocaleString('en', { maximumFractionDigits: last < 10 ? 1 : 0 });
  return `<text class="key ${of}" x="${x}" y="34">${of} ${value}${said}</text>`;
}

/** The smallest step of 1, 2, 2.5 or 5 times a power of ten of which `count` reach `max`. */
export function stepOf(max: number, count: number): number {
  const least = Math.max(max, 1e-6) / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 2.5, 5].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function style(): string {
  const colours = (scheme: 0 | 1) =>
    Object.entries(COLOURS)
      .map(([of, pair]) => `.line.${of}{stroke:${pair[scheme]}}.key.${of}{fill:${pair[scheme]}}`)
      .join('');
  const font = 'font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif';
  const light = `text{${font};fill:#1f2328}.back{fill:#fff}.note,.tick{fill:#59636e}.grid{stroke:#d1d9e0}.warm{fill:#818b98;opacity:.14}`;
  const dark = 'text{fill:#f0f6fc}.back{fill:#0d1117}.note,.tick{fill:#9198a1}.grid{stroke:#3d444d}';
  const sizes =
    '.title{font-size:18px;font-weight:600}.note{font-size:13px}.name{font-size:14px;font-weight:600}.tick{font-size:11px}.key{font-size:12px;font-weight:600}';
  return `${light}${sizes}.line{fill:none;stroke-width:1.5;stroke-linejoin:round}${colours(0)}@media(prefers-color-scheme:dark){${dark}${colours(1)}}`;
}

const px = (value: number) => Number(value.toFixed(1));

const inXml = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
