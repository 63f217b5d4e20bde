import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ListingsSpec } from '@labelstream/backfill/source/spec';
import { renderJpeg } from '@labelstream/samples/adapters/render';
import { drawListings } from '@labelstream/samples/listing';
import type { PlannedMessage } from '../demo/plan.js';

/** A listing of a bench, each with a title and a picture of its own, so that no cache can answer for it. */
export interface BenchListing {
  readonly id: string;
  readonly title: string;
  /** `file:` URI below {@link BenchCatalogue.imageRoot}. */
  readonly image: string;
}

export interface BenchCatalogue {
  /** The folder that ingest may read pictures from. */
  readonly imageRoot: string;
  readonly listings: readonly BenchListing[];
}

export interface BenchCatalogueOptions {
  /** Created when missing. */
  readonly folder: string;
  readonly count: number;
  readonly seed: number;
  /** Width of the pictures in pixels; the height is 4/3 of it. */
  readonly widthPx: number;
}

/** Drawing takes longer than labelling; what is drawn once serves many listings, as another file each. */
const DRAWINGS = 240;
const START_OF_IMAGE_BYTES = 2;
const WRITE_AT_ONCE = 200;

/** Draws sample listings and writes their pictures. */
export async function writeBenchCatalogue({ folder, count, seed, widthPx }: BenchCatalogueOptions): Promise<BenchCatalogue> {
  await mkdir(folder, { recursive: true });
  const drawn = drawListings({ seed, count: Math.min(DRAWINGS, count) });
  const drawings = await Promise.all(drawn.map(async (listing) => ({ listing, jpeg: await renderJpeg(listing, widthPx) })));
  const listings: BenchListing[] = [];
  for (let at = 0; at < count; at += WRITE_AT_ONCE) {
    const indices = Array.from({ length: Math.min(WRITE_AT_ONCE, count - at) }, (_, i) => at + i);
    const written = indices.map(async (index): Promise<BenchListing[]> => {
      const drawing = drawings[index % drawings.length];
      if (drawing === undefined) return [];
      const id = `bench-${index}`;
      const path = join(folder, `${id}.jpg`);
      await writeFile(path, withComment(drawing.jpeg, id));
      return [{ id, title: `${drawing.listing.title} ${index}`, image: pathToFileURL(path).href }];
    });
    listings.push(...(await Promise.all(written)).flat());
  }
  return { imageRoot: folder, listings };
}

/** The same picture with a comment segment (ITU-T T.81, B.2.4.5): other bytes, equal pixels. */
export function withComment(jpeg: Uint8Array, text: string): Uint8Array {
  const comment = Buffer.from(text);
  const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), comment]);
  segment.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, START_OF_IMAGE_BYTES), segment, jpeg.subarray(START_OF_IMAGE_BYTES)]);
}

/** The listings as events, for whoever sends them itself. */
export function messagesOf(listings: readonly BenchListing[]): PlannedMessage[] {
  const occurredAt = Date.now();
  return listings.map(({ id, title, image }) => ({
    key: id,
    version: 1,
    payload: {
      form: 'event',
      event: { productId: id, version: 1, op: 'UPSERT', title, attributes: {}, images: [{ uri: image }], occurredAt },
    },
  }));
}

/** Writes the listings as a file of JSON lines, and says how a backfill reads it. */
export async function backfillSpec(file: string, listings: readonly BenchListing[]): Promise<ListingsSpec> {
  await writeFile(file, listings.map((listing) => `${JSON.stringify(listing)}\n`).join(''));
  return { sources: [file], fallbackVersion: 1, occurredAt: Date.now() };
}
