import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { paintHeat } from './heat.js';
import { intensities, topOf } from './intensity.js';
import type { Maps } from './maps.js';
import { type Backdrop, canDrawLetters, toPng, toSheet } from './picture.js';
import { describeWord } from './report.js';
import { layOut, type Tile } from './sheet.js';

/** Short enough for the narrowest sheet. */
const LEGENDS = {
  attention: [
    'Yellow to red: where a word looks more than evenly. One scale for all words.',
    'picture: share of its attention for the picture; peak: times an even spread.',
  ],
  occlusion: [
    'Yellow to red: what the picture needs for a word. One scale for all words.',
    'match: cosine of picture and word; peak: how far it falls where covered.',
  ],
} as const;

/** What was drawn, and whether its captions could be. */
export interface Drawn {
  readonly files: readonly string[];
  readonly lettered: boolean;
}

/**
 * Draws each word's map over the picture: as one sheet where `out` ends in .png, otherwise as one file per word in that folder, numbered in
 * the order of the text. The picture itself comes first.
 */
export async function drawMaps(maps: Maps, { picture, view }: Backdrop, title: string, out: string): Promise<Drawn> {
  const top = topOf(
    maps.words.map(({ map }) => map),
    maps.scale,
  );
  const tiles = maps.words.map((word): Tile => {
    const { share, peak } = describeWord(word, maps.method);
    const detail = maps.method === 'attention' ? `picture ${share}, peak ${peak}` : `match ${share}, peak ${peak}`;
    return { picture: paintHeat(picture, intensities(word.map, maps.scale, top), maps.grid, view), caption: word.word, detail };
  });
  const all = [{ picture, caption: 'the picture', detail: '' }, ...tiles];
  if (out.toLowerCase().endsWith('.png')) return drawSheet(all, { title, legend: LEGENDS[maps.method] }, out);
  await mkdir(out, { recursive: true });
  const files = all.map(({ caption }, at) => join(out, fileName(caption, at)));
  for (const [at, file] of files.entries()) await writeFile(file, await toPng(all[at]?.picture ?? picture));
  return { files, lettered: true };
}

async function drawSheet(tiles: readonly Tile[], text: Parameters<typeof layOut>[1], out: string): Promise<Drawn> {
  const { placed, svg, ...size } = layOut(tiles, text);
  await mkdir(dirname(out), { recursive: true });
  await writeFile(out, await toSheet(size, placed, svg));
  return { files: [out], lettered: await canDrawLetters() };
}

/** `03-running.png`: letters and digits of any script, so that it is a name on every file system. */
export function fileName(word: string, at: number): string {
  const letters = word
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `${String(at).padStart(2, '0')}${letters === '' ? '' : `-${[...letters].slice(0, 40).join('')}`}.png`;
}
