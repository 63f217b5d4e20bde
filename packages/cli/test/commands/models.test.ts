import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadBundle } from '@labelstream/shared/bundle/load';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCliConfig } from '../../src/config.js';
import { runCli } from '../../src/program.js';
import { fakeStream } from '../fake-terminal.js';

const FIXTURES = fileURLToPath(new URL('../../../shared/test/fixtures/bundles', import.meta.url));
const ENCODER = join(FIXTURES, 'encoder');
const FUSION = join(FIXTURES, 'fusion');
const CAPTION = join(FIXTURES, 'caption');
const MATCH = { threshold: 0.25, falseAlarms: 0.005, found: 0.91, foundAt2Percent: 0.98, auroc: 0.99 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-models-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...argv: string[]) {
  const stdout = fakeStream();
  const stderr = fakeStream();
  const config = readCliConfig({ LABELSTREAM_DATA_DIR: folder, ENCODER_BUNDLE: ENCODER });
  const code = await runCli(['models', ...argv], { config, stdout, stderr, signal: new AbortController().signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** A copy of a bundle whose manifest was changed. */
async function changed(kind: string, name: string, change: (manifest: Record<string, unknown>) => void): Promise<string> {
  const copy = join(folder, name);
  await cp(join(FIXTURES, kind), copy, { recursive: true });
  const path = join(copy, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  change(manifest);
  await writeFile(path, JSON.stringify(manifest));
  return copy;
}

describe('models list', () => {
  test('names the bundles below a folder, in a table and as JSON lines', async () => {
    const { code, stdout } = await run('list', FIXTURES);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tiny-encoder@[0-9a-f]{12} +encoder /);
    expect(stdout).toMatch(/tiny-fusion@[0-9a-f]{12} +fusion +cma-clip +1 .* MB +tiny-encoder@/);
    const lines = (await run('list', FIXTURES, '--json')).stdout.trim().split('\n');
    const requires = expect.stringMatching(/^tiny-encoder@/);
    const sizeBytes = expect.any(Number);
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'caption', architecture: 'coca', requires, sizeBytes }),
        expect.objectContaining({ kind: 'encoder', id: requires, sizeBytes }),
        expect.objectContaining({ kind: 'fusion', architecture: 'cma-clip', generation: 1, requires }),
      ]),
    );
  });

  test('takes a bundle itself, and names what is no whole bundle', async () => {
    const broken = await changed('fusion', 'broken', (manifest) => {
      manifest.surprise = 1;
    });
    expect((await run('list', FUSION)).stdout).toContain('tiny-fusion@');
    expect(await run('list', broken)).toMatchObject({ code: 0, stdout: expect.stringContaining('unknown key "surprise"') });
  });

  test('tells a folder without bundles from one that is not there', async () => {
    expect((await run('list', fileURLToPath(new URL('.', import.meta.url)))).stdout).toBe('No bundles.\n');
    expect(await run('list', join(folder, 'nowhere'))).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no folder') });
  });
});

describe('models show', () => {
  test('shows a head: what it needs, its tasks and their labels', async () => {
    const { code, stdout } = await run('show', FUSION);
    expect(code).toBe(0);
    for (const text of [
      'cma-clip, generation 1',
      'for the encoder tiny-encoder@',
      'articleType: Shirt, Dress, Shoe',
      'abstains',
      '0.500',
    ]) {
      expect(stdout).toContain(text);
    }
  });

  test('says whether a head notices texts that do not belong to the image', async () => {
    expect((await run('show', FUSION)).stdout).toContain('takes every text for that of its image');
    const noticing = await changed('fusion', 'noticing', (manifest) => Object.assign(manifest, { match: MATCH }));
    expect((await run('show', noticing)).stdout).toContain('below a match of 0.25; 91.0 % of shuffled pairs, 0.5 % of genuine ones');
  });

  test('shows an encoder', async () => {
    expect((await run('show', ENCODER)).stdout).toContain('texts of 12 tokens at most, of 20 words');
  });

  test('shows a caption bundle', async () => {
    const { stdout } = await run('show', CAPTION);
    expect(stdout).toContain('coca captions, for the encoder tiny-encoder@');
    expect(stdout).toContain('titles of 6 tokens at most, proposed from a token confidence of 0.200 on');
  });

  test('--json has the whole manifest', async () => {
    const bundle = await loadBundle(FUSION, 'fusion');
    expect(JSON.parse((await run('show', FUSION, '--json')).stdout)).toEqual(bundle);
  });
});

describe('models verify', () => {
  test('verifies bundles of all kinds, and that they fit the encoder', async () => {
    const { code, stdout } = await run('verify', ENCODER, FUSION, CAPTION, '--encoder', ENCODER);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ok {2}tiny-encoder@\w{12}\nok {2}tiny-fusion@\w{12}\nok {2}tiny-caption@\w{12}\n$/);
  });

  test.each<[string, string, (manifest: Record<string, never>) => void, RegExp]>([
    ['an unknown key', 'fusion', (m) => Object.assign(m, { speed: 9 }), /unknown key "speed" in manifest/],
    [
      'another hash',
      'encoder',
      (m) => Object.assign(m.files!['text.onnx']!, { sha256: '0'.repeat(64) }),
      /"text.onnx" does not have the SHA-256/,
    ],
    ['other dims', 'fusion', (m) => Object.assign(m, { tokenWidth: 9 }), /"image_tokens" of fusion is \[3,5,8\]/],
    ['no kind', 'fusion', (m) => Object.assign(m, { kind: 'reranker' }), /kind is "reranker", none of encoder, fusion, caption/],
    [
      'another encoder',
      'fusion',
      (m) => Object.assign(m, { requires: { encoder: 'other@0123456789ab' } }),
      /BUNDLE_MISMATCH: .* needs the encoder other@/,
    ],
    [
      'golden vectors that it does not compute',
      'fusion',
      (m) => Object.assign(m.golden!, { absoluteTolerance: 1e-12 }),
      /golden case 0 \(fusion\)/,
    ],
  ])('names %s, once, and ends with 1', async (name, kind, change, problem) => {
    const bundle = await changed(kind, name.replaceAll(' ', '-'), change as (manifest: Record<string, unknown>) => void);
    const { code, stdout } = await run('verify', bundle, '--encoder', ENCODER);
    expect(code).toBe(1);
    expect(stdout.trim().split('\n')).toEqual([expect.stringMatching(problem)]);
  });

  test('goes on after a bad one, as JSON too', async () => {
    const { code, stdout } = await run('verify', join(folder, 'nothing'), FUSION, '--json');
    expect(code).toBe(1);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { ok: false, problem: expect.stringContaining('there is no manifest.json') },
      { ok: true, id: expect.stringMatching(/^tiny-fusion@/) },
    ]);
  });
});

describe('models zero-shot', () => {
  test('makes a bundle that verifies with its encoder, from a label file and templates', async () => {
    const labels = await file('shapes.txt', 'shirt\ndress\n');
    const templates = await file('templates.txt', 'red {label}\n');
    const out = join(folder, 'shapes');
    const flags = ['--labels', labels, '--templates', templates, '--task', 'shape', '--generation', '4', '--out', out];
    const made = await run('zero-shot', ...flags, '--json');
    expect(made.code).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ folder: out, task: 'shape', labels: 2, scale: 100 });
    expect((await run('verify', out, '--encoder', ENCODER)).code).toBe(0);
    const { manifest } = await loadBundle(out, 'fusion');
    expect(manifest).toMatchObject({ generation: 4, tasks: [{ name: 'shape', labels: ['shirt', 'dress'] }] });
    expect(manifest.training.command).toContain('--labels shapes.txt --task shape --templates templates.txt --scale 100');

    const again = await run('zero-shot', ...flags);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
  });

  test('takes over from a head of the same encoder how texts are noticed that do not belong to the image', async () => {
    const labels = await file('match.txt', 'shirt\ndress\n');
    const noticing = await changed('fusion', 'noticing-head', (manifest) => Object.assign(manifest, { match: MATCH }));
    const make = (name: string, other: string) => run('zero-shot', '--labels', labels, '--out', join(folder, name), '--match-of', other);
    expect((await make('with-match', noticing)).code).toBe(0);
    const { manifest } = await loadBundle(join(folder, 'with-match'), 'fusion');
    expect(manifest.match).toEqual(MATCH);
    expect(manifest.training.command).toContain('--match-of noticing-head');
    expect((await make('none', FUSION)).stderr).toContain('does not say from where on image and text belong together');
    const stranger = await changed('fusion', 'stranger', (head) =>
      Object.assign(head, { match: MATCH, requires: { encoder: 'other@0123456789ab' } }),
    );
    expect((await make('strange', stranger)).stderr).toContain('needs the encoder other@0123456789ab');
  });

  test('takes the scale that the encoder was trained with', async () => {
    const encoder = await changed('encoder', 'scaled', (manifest) => {
      manifest.contrastiveScale = 17.5;
    });
    const flags = ['--labels', await file('two.txt', 'shirt\ndress\n'), '--encoder', encoder];
    const scale = async (...more: string[]) => JSON.parse((await run('zero-shot', ...flags, ...more, '--json')).stdout).scale;
    expect(await scale('--out', join(folder, 'theirs'))).toBe(17.5);
    expect(await scale('--out', join(folder, 'mine'), '--scale', '30')).toBe(30);
  });

  test.each([
    ['duplicates', 'a\nb\na\n', /line 3 repeats "a" of line 1/],
    ['an empty line', 'a\n\nb\n', /line 2 is empty/],
    ['100,000 labels', Array.from({ length: 100_000 }, (_, at) => `label ${at}`).join('\n'), /names 100000 labels; 20000 are the most/],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x0a), /is not UTF-8 text/],
  ])('refuses a label file with %s in one sentence', async (_, content, sentence) => {
    const answer = await run('zero-shot', '--labels', await file('bad.txt', content), '--out', join(folder, 'never'));
    expect(answer.code).toBe(2);
    expect(answer.stderr.trim().split('\n')).toEqual([expect.stringMatching(sentence)]);
    expect((await run('list', folder)).stdout).not.toContain('never');
  });

  test('refuses what is no encoder, and a file that is not there', async () => {
    const labels = await file('good.txt', 'a\nb\n');
    const out = join(folder, 'never');
    expect((await run('zero-shot', '--labels', labels, '--encoder', FUSION, '--out', out)).stderr).toContain('kind is "fusion"');
    expect((await run('zero-shot', '--labels', join(folder, 'none.txt'), '--out', out)).stderr).toContain('cannot be read (ENOENT)');
  });
});
