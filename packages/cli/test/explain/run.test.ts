import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

const BUNDLES = resolve(import.meta.dirname, '../../../shared/test/fixtures/bundles');

let folder = '';
let picture = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-explain-'));
  picture = join(folder, 'picture.jpg');
  const bytes = await sharp({ create: { width: 90, height: 120, channels: 3, background: '#3060c0' } })
    .jpeg()
    .toBuffer();
  await writeFile(picture, bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function explain(argv: string[], fusion = 'fusion-attention') {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const env = { LABELSTREAM_DATA_DIR: folder, ENCODER_BUNDLE: join(BUNDLES, 'encoder'), FUSION_BUNDLE: join(BUNDLES, fusion) };
  const code = await runCli(['explain', ...argv], {
    config: readCliConfig(env),
    stdout,
    stderr,
    signal: new AbortController().signal,
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

describe('explain of a given listing', () => {
  test('tells labels and words in a table', async () => {
    const { code, stdout } = await explain(['--title', 'Blue cotton shirt', '--image', picture]);
    expect(code).toBe(0);
    for (const word of ['articleType', 'baseColour', 'next best', 'Blue', 'cotton', 'shirt', 'Answered by tiny-fusion-attention@']) {
      expect(stdout).toContain(word);
    }
  });

  test('gives all numbers as JSON, each word a map of the grid', async () => {
    const { stdout } = await explain(['--title', 'Blue shirt', '--image', picture, '--json']);
    const { labels, map, text, head } = JSON.parse(stdout);
    expect(text).toBe('Blue shirt');
    expect(head).toMatchObject({
      id: expect.stringMatching(/^tiny-fusion-attention@/),
      from: 'setting',
      why: expect.stringContaining('no deployment could be asked'),
    });
    expect(labels[0]).toMatchObject({ task: 'articleType', confidence: expect.any(Number), alternatives: expect.any(Array) });
    expect(map).toMatchObject({ method: 'attention', source: 'dot products', grid: { columns: 1, rows: 4 } });
    expect(map.words.map(({ word }: { word: string }) => word)).toEqual(['Blue', 'shirt']);
    for (const { share, map: rows } of map.words) {
      expect(share).toBeGreaterThan(0);
      expect(share).toBeLessThan(1);
      expect(rows.flat().reduce((sum: number, lift: number) => sum + lift, 0)).toBeCloseTo(4, 2);
    }
  });

  test('draws one sheet where the name is that of a PNG', async () => {
    const sheet = join(folder, 'deep', 'explain.png');
    expect((await explain(['--title', 'Blue shirt', '--image', picture, '--out', sheet])).code).toBe(0);
    expect((await sharp(await readFile(sheet)).metadata()).format).toBe('png');
  });

  test('draws one file per word elsewhere', async () => {
    const maps = join(folder, 'maps');
    const { stderr } = await explain(['--title', 'Blue shirt', '--image', picture, '--out', maps]);
    expect(await readdir(maps)).toEqual(['00-the-picture.png', '01-blue.png', '02-shirt.png']);
    expect(stderr).toContain('02-shirt.png');
  });

  test('covers patch by patch with --method occlusion, whatever the bundle', async () => {
    const argv = ['--title', 'Blue shirt', '--image', picture, '--method', 'occlusion', '--json'];
    const { code, stdout } = await explain(argv, 'fusion');
    expect(code).toBe(0);
    const { map } = JSON.parse(stdout);
    expect(map).toMatchObject({ method: 'occlusion', words: [{ word: 'Blue' }, { word: 'shirt' }] });
    for (const { map: rows } of map.words) expect(new Set(rows.flat()).size).toBeGreaterThan(2);
  });

  test('labels a listing with one modality, without a map', async () => {
    const { code, stdout } = await explain(['--title', 'Blue shirt', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).not.toHaveProperty('map');
    expect(JSON.parse(stdout).labels).toHaveLength(2);
  });
});

describe('explain says in one line', () => {
  test.each([
    ['that there is no picture to draw on', ['--title', 'x', '--out', 'o.png'], 'fusion-attention', 2, /no picture, so there is no map/],
    ['that there is no text to draw', ['--image', 'PICTURE', '--out', 'o.png'], 'fusion-attention', 2, /no text, so there is no map/],
    ['that the file is not there', ['--title', 'x', '--image', 'nowhere.jpg'], 'fusion-attention', 2, /nowhere\.jpg cannot be read/],
    ['that the bundle has no attention', ['--title', 'x', '--image', 'PICTURE', '--out', 'o.png'], 'fusion', 1, /--method occlusion/],
    ['that there is nothing to label', ['--title', ' '], 'fusion-attention', 2, /neither a text nor a picture/],
  ])('%s', async (_, argv, fusion, code, sentence) => {
    const result = await explain(
      argv.map((word) => (word === 'PICTURE' ? picture : word)),
      fusion,
    );
    expect(result.code).toBe(code);
    expect(result.stdout).toBe('');
    expect(result.stderr).toMatch(sentence);
  });

  test('that a file is no picture', async () => {
    const text = join(folder, 'text.jpg');
    await writeFile(text, 'no picture at all');
    expect((await explain(['--image', text])).stderr).toMatch(/no accepted image format/);
  });
});
