import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { bundleId, checkPair, loadAnyBundle, loadBundle, verifyGolden } from '../../src/bundle/load.js';
import type { Bundle, EncoderManifest, FusionManifest } from '../../src/bundle/manifest.js';

const FIXTURES = 'packages/shared/test/fixtures/bundles';
const absolute = join(import.meta.dirname, '../fixtures/bundles');

type Json = Record<string, unknown>;

describe('loadBundle', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'labelstream-bundle-'));
    await cp(absolute, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const edit = async (kind: 'encoder' | 'fusion', change: (manifest: Json) => void) => {
    const path = join(folder, kind, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    change(manifest);
    await writeFile(path, JSON.stringify(manifest));
  };
  const load = (kind: 'encoder' | 'fusion') => loadBundle(join(folder, kind), kind);

  it('finds a relative folder from the repository root and names the bundle by its manifest', async () => {
    const bundle = await loadBundle(`${FIXTURES}/encoder`, 'encoder');
    expect(bundle.directory).toBe(join(absolute, 'encoder'));
    expect(bundle.id).toBe(bundleId('tiny-encoder', await readFile(join(absolute, 'encoder/manifest.json'))));
    expect(bundle.id).toMatch(/^tiny-encoder@[0-9a-f]{12}$/);
  });

  it('gives the pair that fits together', async () => {
    checkPair(await loadBundle(join(folder, 'encoder'), 'encoder'), await loadBundle(join(folder, 'fusion'), 'fusion'));
  });

  it.each<[string, 'encoder' | 'fusion', (manifest: never) => void, RegExp]>([
    [
      'an unknown key',
      'encoder',
      (m: Json) => {
        m.colour = 1;
      },
      /unknown key "colour" in manifest/,
    ],
    [
      'an unknown key deep inside',
      'encoder',
      (m: { text: Json }) => {
        m.text.case = 'lower';
      },
      /unknown key "case" in text/,
    ],
    [
      'a missing key',
      'fusion',
      (m: Json) => {
        delete m.generation;
      },
      /missing key "generation"/,
    ],
    [
      'a value out of range',
      'encoder',
      (m: Json) => {
        m.tokenWidth = 0;
      },
      /tokenWidth must be >= 1/,
    ],
    [
      'a bundle of the other kind',
      'fusion',
      (m: Json) => {
        m.kind = 'encoder';
      },
      /kind is "encoder"/,
    ],
    [
      'a listed file that is missing',
      'fusion',
      (m: { files: Json }) => {
        m.files['extra.bin'] = { sha256: '0'.repeat(64), sizeBytes: 1 };
      },
      /"extra.bin" is missing/,
    ],
    [
      'a used file that is not listed',
      'encoder',
      (m: { files: Json }) => {
        delete m.files['text.onnx'];
      },
      /"text.onnx" is used but not listed/,
    ],
    [
      'a file outside the bundle',
      'encoder',
      (m: { files: Json }) => {
        m.files['../x'] = { sha256: '0'.repeat(64), sizeBytes: 1 };
      },
      /lies outside/,
    ],
    [
      'another hash',
      'encoder',
      (m: { files: Record<string, Json> }) => {
        m.files['text.onnx']!.sha256 = '0'.repeat(64);
      },
      /"text.onnx" does not have the SHA-256/,
    ],
    [
      'another size',
      'encoder',
      (m: { files: Record<string, Json> }) => {
        m.files['text.onnx']!.sizeBytes = 5;
      },
      /the manifest says 5/,
    ],
    [
      'a token id outside the vocabulary',
      'encoder',
      (m: { text: Json }) => {
        m.text.padTokenId = 999;
      },
      /padTokenId is outside/,
    ],
    [
      'another picture size than the golden vectors',
      'encoder',
      (m: { preprocess: Json }) => {
        m.preprocess.width = 7;
      },
      /"pixels" of image/,
    ],
    [
      'another token width than the golden vectors',
      'fusion',
      (m: Json) => {
        m.tokenWidth = 9;
      },
      /"image_tokens" of fusion/,
    ],
    [
      'a label too many',
      'fusion',
      (m: { tasks: { labels: string[] }[] }) => {
        m.tasks[0]!.labels.push('Hat');
      },
      /"logits_articleType" of fusion/,
    ],
    [
      'a path for no label',
      'fusion',
      (m: { tasks: { paths?: Json }[] }) => {
        m.tasks[1]!.paths = { Pink: ['Pink'] };
      },
      /"Pink" is not a label/,
    ],
    [
      'a temperature of 0',
      'fusion',
      (m: { tasks: { temperature: Json }[] }) => {
        m.tasks[0]!.temperature.textOnly = 0;
      },
      /temperature must be above 0/,
    ],
    [
      'a threshold above 1',
      'fusion',
      (m: { tasks: { threshold: Json }[] }) => {
        m.tasks[0]!.threshold.complete = 1.5;
      },
      /threshold must be within/,
    ],
    [
      'two tasks of one name',
      'fusion',
      (m: { tasks: Json[] }) => {
        m.tasks[1]!.name = 'articleType';
      },
      /a name occurs twice/,
    ],
  ])('refuses %s', async (_, kind, change, message) => {
    await edit(kind, change as (manifest: Json) => void);
    await expect(load(kind)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) });
  });

  it('takes a bundle of whichever kind, whole as ever', async () => {
    expect((await loadAnyBundle(join(folder, 'fusion'))).manifest.kind).toBe('fusion');
    await edit('encoder', (manifest) => Object.assign(manifest.files as Json, { 'extra.bin': { sha256: '0'.repeat(64), sizeBytes: 1 } }));
    await expect(loadAnyBundle(join(folder, 'encoder'))).rejects.toMatchObject({
      message: expect.stringContaining('"extra.bin" is missing'),
    });
    await edit('fusion', (manifest) => Object.assign(manifest, { kind: 'reranker' }));
    await expect(loadAnyBundle(join(folder, 'fusion'))).rejects.toMatchObject({ message: expect.stringContaining('kind is "reranker"') });
  });

  it('refuses a folder without a manifest, and one whose manifest is not JSON', async () => {
    await expect(loadBundle(join(folder, 'nothing'), 'encoder')).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    await writeFile(join(folder, 'encoder/manifest.json'), '{');
    await expect(load('encoder')).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringContaining('not JSON') });
  });

  it('refuses a file that was changed by one bit', async () => {
    const path = join(folder, 'encoder/image.onnx');
    const bytes = await readFile(path);
    bytes[100]! ^= 1;
    await writeFile(path, bytes);
    await expect(load('encoder')).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  const checkPairOf = async (kind: 'encoder' | 'fusion', change?: (manifest: Json) => void) => {
    if (change !== undefined) await edit(kind, change);
    return { encoder: (await load('encoder')) as Bundle<EncoderManifest>, fusion: (await load('fusion')) as Bundle<FusionManifest> };
  };

  it('refuses a head that was made for another encoder', async () => {
    const { encoder, fusion } = await checkPairOf('encoder', (manifest) => {
      manifest.name = 'other-encoder';
    });
    expect(() => checkPair(encoder, fusion)).toThrow(expect.objectContaining({ code: 'BUNDLE_MISMATCH' }));
  });

  it('refuses a head that reads tokens of another width', async () => {
    const { encoder, fusion } = await checkPairOf('fusion');
    const wider = { ...fusion, manifest: { ...fusion.manifest, tokenWidth: 9 } };
    expect(() => checkPair(encoder, wider)).toThrow(expect.objectContaining({ code: 'BUNDLE_MISMATCH' }));
  });

  it('compares the widths of both towers', async () => {
    const { encoder, fusion } = await checkPairOf('fusion');
    const withWidth = <M extends { tokenWidth: unknown }>(bundle: { manifest: M }, tokenWidth: { image: number; text: number }) => ({
      ...bundle,
      manifest: { ...bundle.manifest, tokenWidth },
    });
    const two = withWidth(encoder, { image: 8, text: 5 }) as typeof encoder;
    expect(() => checkPair(two, withWidth(fusion, { image: 8, text: 5 }) as typeof fusion)).not.toThrow();
    expect(() => checkPair(two, fusion)).toThrow(
      expect.objectContaining({ code: 'BUNDLE_MISMATCH', message: expect.stringContaining('has 8 (image) and 5 (text)') }),
    );
  });

  it('refuses a head that reads embeddings of another width', async () => {
    const { encoder, fusion } = await checkPairOf('fusion');
    const { manifest } = fusion;
    const reading = (width: number): Bundle<FusionManifest> => ({
      ...fusion,
      manifest: { ...manifest, tokenWidth: width, embeddingWidth: width, graph: { ...manifest.graph, reads: 'embeddings' } },
    });
    expect(() => checkPair(encoder, reading(6))).not.toThrow();
    expect(() => checkPair(encoder, reading(8))).toThrow(
      expect.objectContaining({ code: 'BUNDLE_MISMATCH', message: expect.stringContaining('reads 8 features an embedding') }),
    );
  });
});

describe('verifyGolden', () => {
  it.each(['encoder', 'fusion'] as const)('finds the %s bundle to compute what it was exported with', async (kind) => {
    const bundle = await loadBundle(`${FIXTURES}/${kind}`, kind);
    const inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
    await expect(verifyGolden(bundle, inference)).resolves.toBeUndefined();
    await inference.close();
  });

  it('names the element that is off', async () => {
    const bundle = await loadBundle(`${FIXTURES}/fusion`, 'fusion');
    const inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
    const run: typeof inference.run = async (graph, inputs) => {
      const result = await inference.run(graph, inputs);
      (result.outputs.logits_baseColour!.data as Float32Array)[5] = Number.NaN;
      return result;
    };
    await expect(verifyGolden(bundle, { run })).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: expect.stringContaining('"logits_baseColour"[5]'),
    });
    await inference.close();
  });
});
