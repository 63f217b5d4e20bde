import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createFolderObjectStore } from '@labelstream/shared/adapters/file/object-store';
import { openZstdCodec } from '@labelstream/shared/adapters/zstd/block-codec';
import { nameObject } from '@labelstream/shared/archive/names';
import { createObjectWriter, factsOf } from '@labelstream/shared/archive/object-writer';
import type { EncodedListing } from '@labelstream/shared/events/records';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ENCODER_ID, encodedListing, LISTING_CODEC, sequenceOf } from '../../../shared/test/archive/fixtures.js';
import { readCliConfig } from '../../src/config.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

const codec = await openZstdCodec();
const DAY_MS = 24 * 60 * 60 * 1000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-archive-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(argv: readonly string[], env: Record<string, string> = { TOKEN_ARCHIVE: folder }) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const code = await runCli(['archive', ...argv], { config: readCliConfig(env), stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

async function add(daysAgo: number, listing: EncodedListing, ...pictures: string[]) {
  const firstAtMs = Date.now() - daysAgo * DAY_MS;
  const name = nameObject(ENCODER_ID, firstAtMs, 'a');
  const writer = createObjectWriter({ name, codec, firstAtMs });
  for (const picture of pictures) writer.sequence(sequenceOf('image', picture));
  writer.listing({ productId: listing.productId, value: LISTING_CODEC.encode(listing) }, factsOf(listing));
  const { object, index } = writer.finish();
  const store = createFolderObjectStore(folder);
  await store.put(object.key, object.body);
  await store.put(index.key, index.body);
  return join(folder, object.key);
}

const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.avro'));

describe('archive', () => {
  test('list tells what there is, in a table and as JSON lines', async () => {
    await add(3, encodedListing('p1', { picture: 'a' }), 'a', 'b');
    await add(0, encodedListing('p2', {}));
    expect(await run(['list'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/tiny@0123456789ab +\S+ to \S+ +2 +2 +2 +0\.0 MiB +0 +0\n$/),
    });
    const json = JSON.parse((await run(['list', '--archive', folder, '--json'], {})).stdout);
    expect(json).toMatchObject({ encoderId: ENCODER_ID, objects: 2, listings: 2, sequences: 2, leftovers: 0, damaged: 0 });
  });

  test('verify ends with 1 when an object is damaged, and names it', async () => {
    const path = await add(1, encodedListing('p1', { picture: 'a' }), 'a');
    expect(await run(['verify'])).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of 1 objects are whole') });
    await writeFile(path, (await readFile(path)).subarray(0, -1));
    const { code, stdout } = await run(['verify', '--json']);
    expect([code, JSON.parse(stdout).problems]).toEqual([
      1,
      [{ key: expect.stringContaining('.avro'), problem: expect.stringContaining('ARCHIVE_DAMAGED') }],
    ]);
  });

  test('compact says what it would do, and does it', async () => {
    await add(1, encodedListing('p1', { picture: 'a' }), 'a');
    await add(1, encodedListing('p1', {}, { version: 2, op: 'DELETE' }));
    expect(await run(['compact', '--dry-run'])).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing was changed') });
    expect(await files()).toHaveLength(4);
    const { stdout } = await run(['compact', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ objectsBefore: 2, objectsAfter: 1, listingsDropped: 1, sequencesDropped: 1, damaged: 0 });
    expect(await files()).toHaveLength(2);
  });

  test('prune removes earlier dates only', async () => {
    await add(40, encodedListing('p1', {}));
    await add(1, encodedListing('p2', {}));
    expect(await run(['prune', '--older-than', '30'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 objects (1 listings, 0 sequences)'),
    });
    expect(await files()).toHaveLength(2);
  });

  test('says what is wrong: no archive, an empty one, an encoder that is not there', async () => {
    expect(await run(['list'], {})).toMatchObject({ code: 2, stderr: expect.stringContaining('set TOKEN_ARCHIVE') });
    expect(await run(['list'])).toMatchObject({ code: 0, stdout: 'The archive is empty.\n' });
    expect(await run(['list', '--archive', relative(process.cwd(), folder)], {})).toMatchObject({ code: 0 });
    expect(await run(['list'], { TOKEN_ARCHIVE: 'tokens' })).toMatchObject({ code: 2, stderr: expect.stringContaining('relative path') });
    expect(await run(['compact', '--encoder', 'other'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has nothing of other'),
    });
    expect(await run(['list', '--archive', 's3://NO'])).toMatchObject({ code: 2, stderr: expect.stringContaining('s3://bucket/prefix') });
  });
});
