import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { goodJpeg, htmlAsImage } from '@labelstream/samples/adapters/bad-images';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Ingest, openIngest } from './harness.js';

/** A folder with a good and a bad picture for the tests of one file, and ingests over it that are closed after each test. */
export function useListingFolder() {
  const root = mkdtempSync(join(tmpdir(), 'labelstream-ingest-'));
  const opened: Ingest[] = [];
  const folder = {
    root,
    env: { IMAGE_FILE_ROOT: root, IMAGE_RETRY_DELAYS_MS: '1000,2000' },
    /** The good picture's bytes; there once the tests run. */
    jpeg: Buffer.alloc(0) as Buffer,
    /** Further good pictures, `good-1.jpg` and so on. */
    further: [] as Buffer[],
    file: (name: string) => ({ uri: pathToFileURL(join(root, name)).href }),
    async open(...args: Parameters<typeof openIngest>): Promise<Ingest> {
      const ingest = await openIngest(...args);
      opened.push(ingest);
      return ingest;
    },
  };
  beforeAll(async () => {
    folder.jpeg = await goodJpeg();
    writeFileSync(join(root, 'good.jpg'), folder.jpeg);
    writeFileSync(join(root, 'page.jpg'), htmlAsImage());
    folder.further = [1, 2, 3, 4, 5].map((at) => Buffer.concat([folder.jpeg, Buffer.alloc(at)]));
    folder.further.forEach((bytes, at) => {
      writeFileSync(join(root, `good-${at + 1}.jpg`), bytes);
    });
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  afterAll(() => rmSync(root, { recursive: true }));
  return folder;
}
