import type { Picture } from './heat.js';
import type { Placed } from './picture.js';

/** A picture of the sheet and what stands below it. */
export interface Tile {
  readonly picture: Picture;
  readonly caption: string;
  readonly detail: string;
}

export interface SheetText {
  readonly title: string;
  /** Its lines. */
  readonly legend: readonly string[];
}

/** Where everything goes. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly placed: readonly Placed[];
  readonly svg: string;
}

const MARGIN = 20;
const GAP = 16;
const CAPTION_HEIGHT = 46;
const TITLE_HEIGHT = 36;
const LEGEND_LINE = 18;
/** Narrower pictures stand in cells of this width, so that captions and legend have room. */
const LEAST_CELL_WIDTH = 216;
const MOST_COLUMNS = 5;
const LEAST_COLUMNS = 3;
const CAPTION_PX = 16;
const DETAIL_PX = 13;
/** Of a letter's height; a little more than the mean of common typefaces. */
const LETTER_WIDTH = 0.6;

/** Lays out tiles of one size in rows, each with its caption, under a title and a legend. */
export function layOut(tiles: readonly Tile[], { title, legend }: SheetText): Sheet {
  const cellWidth = Math.max(LEAST_CELL_WIDTH, ...tiles.map(({ picture }) => picture.width));
  const tileHeight = Math.max(...tiles.map(({ picture }) => picture.height));
  const columns = Math.max(LEAST_COLUMNS, Math.min(MOST_COLUMNS, Math.ceil(Math.sqrt(tiles.length * 1.5))));
  const rows = Math.ceil(tiles.length / columns);
  const width = 2 * MARGIN + columns * cellWidth + (columns - 1) * GAP;
  const headerHeight = TITLE_HEIGHT + legend.length * LEGEND_LINE;
  const rowHeight = tileHeight + CAPTION_HEIGHT + GAP;
  const height = 2 * MARGIN + headerHeight + rows * rowHeight - GAP;
  const corner = (at: number) => ({
    left: MARGIN + (at % columns) * (cellWidth + GAP),
    top: MARGIN + headerHeight + Math.floor(at / columns) * rowHeight,
  });
  const texts = [
    write(title, { x: MARGIN, y: MARGIN + 18, size: 20, room: width - 2 * MARGIN, weight: 'bold' }),
    ...legend.map((line, at) =>
      write(line, { x: MARGIN, y: MARGIN + 40 + at * LEGEND_LINE, size: DETAIL_PX, room: width - 2 * MARGIN, colour: '#555555' }),
    ),
    ...tiles.flatMap(({ picture, caption, detail }, at) => {
      const { left: x, top } = corner(at);
      const room = cellWidth;
      return [
        frame(x, top, picture),
        write(caption, { x, y: top + tileHeight + 20, size: CAPTION_PX, room, weight: 'bold' }),
        write(detail, { x, y: top + tileHeight + 38, size: DETAIL_PX, room, colour: '#555555' }),
      ];
    }),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join('')}</svg>`;
  return { width, height, svg, placed: tiles.map(({ picture }, at) => ({ picture, ...corner(at) })) };
}

interface Lettering {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** Pixels that there are for it. */
  readonly room: number;
  readonly weight?: string;
  readonly colour?: string;
}

function write(text: string, { x, y, size, room, weight = 'normal', colour = '#111111' }: Lettering): string {
  const style = `font-family="sans-serif" font-size="${size}" font-weight="${weight}" fill="${colour}"`;
  return `<text x="${x}" y="${y}" ${style}>${toXml(shorten(text, Math.floor(room / (size * LETTER_WIDTH))))}</text>`;
}

const frame = (x: number, y: number, { width, height }: Picture) =>
  `<rect x="${x - 0.5}" y="${y - 0.5}" width="${width + 1}" height="${height + 1}" fill="none" stroke="#cccccc"/>`;

/** At most `letters` code points, with an ellipsis where there were more. */
export function shorten(text: string, letters: number): string {
  const all = [...text];
  return all.length <= letters ? text : `${all.slice(0, Math.max(1, letters - 1)).join('')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text of an XML document; code points that XML does not know become replacement characters. */
export function toXml(text: string): string {
  // Half a surrogate pair is a code point of its own here, and one of those that are replaced.
  return text
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);
}
