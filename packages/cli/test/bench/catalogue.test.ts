import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderJpeg } from '@labelstream/samples/adapters/render';
import { drawListings } from '@labelstream/samples/listing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backfillSpec, messagesOf, withComment, writeBenchCatalogue } from '../../src/bench/catalogue.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-catalogue-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const catalogueOf = (count: number) => writeBenchCatalogue({ folder: join(folder, String(count)), count, seed: 1, widthPx: 24 });

describe('a catalogue of a bench', () => {
  it('has a title and a picture of its own for each listing, also where a drawing serves several', async () => {
    const { listings } = await catalogueOf(260);
    expect(new Set(listings.map(({ title }) => title)).size).toBe(260);
    const hashes = await Promise.all(listings.map(async ({ image }) => hashOf(await readFile(fileURLToPath(image)))));
    expect(new Set(hashes).size).toBe(260);
  });

  it('is the same listings as events and as lines of a file', async () => {
    const { listings } = await catalogueOf(3);
    const file = join(folder, 'rows.jsonl');
    expect((await backfillSpec(file, listings)).sources).toEqual([file]);
    const rows = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; image: string });
    const events = messagesOf(listings).map(({ key, payload }) => ({
      id: key,
      image: payload.form === 'event' && payload.event.images[0]?.uri,
    }));
    expect(rows.map(({ id, image }) => ({ id, image }))).toEqual(events);
  });
});

it('a comment changes the bytes of a picture and not its pixels', async () => {
  const [listing] = drawListings({ seed: 1, count: 1 });
  const jpeg = await renderJpeg(listing!, 24);
  const commented = withComment(jpeg, 'one');
  expect(hashOf(commented)).not.toBe(hashOf(jpeg));
  expect(hashOf(withComment(jpeg, 'two'))).not.toBe(hashOf(commented));
  expect(await sharp(commented).raw().toBuffer()).toEqual(await sharp(jpeg).raw().toBuffer());
});
