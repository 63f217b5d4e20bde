import type { Colour, Pattern } from '../catalogue.js';
import type { Random } from '../random.js';

type Hsl = readonly [number, number, number];

/** The colours one picture is drawn with, as CSS colours. */
export interface Paint {
  readonly base: string;
  readonly dark: string;
  readonly light: string;
  readonly outline: string;
  /** Colour of stripes, checks and dots. */
  readonly motif: string;
}

const css = ([hue, saturation, lightness]: Hsl): string => `hsl(${hue.toFixed(1)},${saturation.toFixed(1)}%,${lightness.toFixed(1)}%)`;
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function lightened([hue, saturation, lightness]: Hsl, step: number): Hsl {
  return [hue, saturation, clamp(lightness + step, 3, 98)];
}

/** Draws the shade of one listing within its colour and derives the other colours from it. */
export function drawPaint(colour: Colour, random: Random): Paint {
  const vary = (at: 0 | 1 | 2): number => colour.hsl[at] + colour.jitter[at] * random.between(-1, 1);
  const shade: Hsl = [vary(0), clamp(vary(1), 0, 100), clamp(vary(2), 4, 97)];
  const bright = shade[2] > 70;
  return {
    base: css(shade),
    dark: css(lightened(shade, bright ? -14 : -9)),
    light: css(lightened(shade, shade[2] < 25 ? 14 : 10)),
    outline: css(lightened(shade, bright ? -30 : -14)),
    // Motifs stay in the family of the colour, so that the base colour is the only one a person would name.
    motif: css(lightened(shade, bright ? -24 : shade[2] < 30 ? 34 : 26)),
  };
}

function motifOf(pattern: Pattern, paint: Paint, sizePx: number): string {
  const half = sizePx / 2;
  if (pattern === 'striped') return `<rect width="${sizePx}" height="${(sizePx * 0.38).toFixed(1)}" fill="${paint.motif}"/>`;
  if (pattern === 'checked') {
    const band = (sizePx * 0.4).toFixed(1);
    return (
      `<rect width="${sizePx}" height="${band}" fill="${paint.motif}" fill-opacity="0.6"/>` +
      `<rect width="${band}" height="${sizePx}" fill="${paint.motif}" fill-opacity="0.6"/>`
    );
  }
  const radius = (sizePx * 0.21).toFixed(1);
  const dot = (at: number): string => `<circle cx="${at}" cy="${at}" r="${radius}" fill="${paint.motif}"/>`;
  return dot(half / 2) + dot(half * 1.5);
}

/** SVG definitions of the cloth (`#fabric`) and of the light that falls on it (`#shade`). */
export function fabricDefs(pattern: Pattern, paint: Paint, random: Random): string {
  const sizePx = Math.round(pattern === 'striped' ? random.between(20, 28) : random.between(26, 34));
  const angle = pattern === 'striped' ? random.pick([0, 0, 90, 45]) : 0;
  const motif = pattern === 'plain' ? '' : motifOf(pattern, paint, sizePx);
  return (
    `<pattern id="fabric" width="${sizePx}" height="${sizePx}" patternUnits="userSpaceOnUse" patternTransform="rotate(${angle})">` +
    `<rect width="${sizePx}" height="${sizePx}" fill="${paint.base}"/>${motif}</pattern>` +
    '<linearGradient id="shade" x1="0" y1="0" x2="1" y2="0.25">' +
    '<stop offset="0" stop-color="#000" stop-opacity="0.12"/><stop offset="0.3" stop-color="#fff" stop-opacity="0.12"/>' +
    '<stop offset="0.65" stop-color="#000" stop-opacity="0"/><stop offset="1" stop-color="#000" stop-opacity="0.2"/></linearGradient>'
  );
}
