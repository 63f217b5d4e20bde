import { createWriteStream } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { CATALOGUE_TABLE, type TrainingTable } from '../csv.js';
import type { SampleListing } from '../listing.js';
import { CATALOGUE_WIDTH_PX, renderJpeg } from './render.js';

/** Fixed, so that the same seed gives the same archive byte for byte. */
const ARCHIVE_DATE = new Date(0);

async function writeTar(path: string, listings: readonly SampleListing[], widthPx: number): Promise<void> {
  const pack = tar.pack();
  const written = pipeline(pack, createWriteStream(path));
  for (const listing of listings) {
    const jpeg = await renderJpeg(listing, widthPx);
    await new Promise<void>((resolve, reject) => {
      pack.entry({ name: `${listing.id}.jpg`, mtime: ARCHIVE_DATE }, jpeg, (error) => (error ? reject(error) : resolve()));
    });
  }
  pack.finalize();
  await written;
}

/**
 * Writes `products.csv` and `images.tar` (`<id>.jpg`) into a folder. Both appear under their names only when whole,
 * the table last: whoever sees it can read everything.
 */
export async function writeTrainingFolder<T extends SampleListing>(
  folder: string,
  listings: readonly T[],
  table: TrainingTable<T> = CATALOGUE_TABLE,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [csv, images] = [join(folder, 'products.csv'), join(folder, 'images.tar')];
  await writeTar(`${images}.part`, listings, CATALOGUE_WIDTH_PX);
  if (table.tasks !== undefined) await writeFile(join(folder, 'tasks.json'), `${JSON.stringify(table.tasks)}\n`);
  await writeFile(`${csv}.part`, `${[table.header, ...listings.map((listing) => table.row(listing))].join('\n')}\n`);
  await rename(`${images}.part`, images);
  await rename(`${csv}.part`, csv);
}
