import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { renderJpeg } from '@labelstream/samples/adapters/render';
import { drawListings } from '@labelstream/samples/listing';
import { withComment } from '../bench/catalogue.js';

/** Pictures of a soak, each of which no other equals byte by byte; only the last ones are kept. */
export interface SoakPictures {
  uri(picture: number): string;
  /** Writes a picture, and removes the one that is `keep` older. */
  write(picture: number): Promise<void>;
  /** Removes all of them. */
  close(): Promise<void>;
}

export interface SoakPicturesOptions {
  /** Created when missing; belongs to the soak alone. */
  readonly folder: string;
  readonly seed: number;
  readonly keep: number;
}

const DRAWINGS = 60;
const WIDTH_PX = 240;

/** Draws a few pictures, of which all others are made. */
export async function openSoakPictures({ folder, seed, keep }: SoakPicturesOptions): Promise<SoakPictures> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const drawings: Buffer[] = [];
  for (const listing of drawListings({ seed, count: DRAWINGS })) drawings.push(await renderJpeg(listing, WIDTH_PX));
  const path = (picture: number) => join(folder, `${picture}.jpg`);
  return {
    uri: (picture) => pathToFileURL(path(picture)).href,
    async write(picture) {
      const drawing = drawings[picture % drawings.length] ?? Buffer.alloc(0);
      await Promise.all([writeFile(path(picture), withComment(drawing, String(picture))), rm(path(picture - keep), { force: true })]);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
