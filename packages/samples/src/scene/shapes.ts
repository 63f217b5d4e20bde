import type { Gender } from '../catalogue.js';
import type { Random } from '../random.js';
import type { Paint } from './paint.js';

/** What a silhouette may ask about the listing it is drawn for. The canvas is 240 wide and 320 high. */
export interface Subject {
  readonly gender: Gender;
  readonly paint: Paint;
  readonly random: Random;
}

/** Draws one article as SVG elements, centred at (120, 160). */
export type Silhouette = (subject: Subject) => string;

/** A part made of the article's own cloth: filled, outlined and shaded. */
export function cloth(path: string, paint: Paint): string {
  return (
    `<path d="${path}" fill="url(#fabric)" stroke="${paint.outline}" stroke-width="2" stroke-linejoin="round"/>` +
    `<path d="${path}" fill="url(#shade)"/>`
  );
}

/** A flat part in a colour of its own. */
export function flat(path: string, fill: string, stroke = 'none', widthPx = 1.5): string {
  return `<path d="${path}" fill="${fill}" stroke="${stroke}" stroke-width="${widthPx}" stroke-linejoin="round"/>`;
}

/** A line: a seam, a fold, a strap. */
export function line(path: string, stroke: string, widthPx = 2, dash = ''): string {
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="${widthPx}" stroke-linecap="round" stroke-linejoin="round"${dashes}/>`;
}

/** A strap of some width with an outline, drawn as two lines on top of each other. */
export function strap(path: string, paint: Paint, widthPx: number): string {
  return line(path, paint.outline, widthPx + 3) + line(path, paint.base, widthPx);
}

export function disc(cx: number, cy: number, radius: number, fill: string, stroke = 'none'): string {
  return `<circle cx="${cx}" cy="${cy}" r="${radius}" fill="${fill}" stroke="${stroke}"/>`;
}

/** The same drawing and its mirror image over the vertical middle of the canvas. */
export function mirrored(drawing: string): string {
  return `${drawing}<g transform="translate(240 0) scale(-1 1)">${drawing}</g>`;
}

/** A soft shadow on the ground under things that stand. */
export function groundShadow(y: number, halfWidth: number): string {
  return `<ellipse cx="120" cy="${y}" rx="${halfWidth}" ry="6" fill="#000" fill-opacity="0.1"/>`;
}
