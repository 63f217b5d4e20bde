import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { checkCaptionPair, loadAnyBundle, loadBundle, verifyGolden } from '../../src/bundle/load.js';
import type { Bundle, CaptionManifest } from '../../src/bundle/manifest.js';

const FIXTURES = 'packages/shared/test/fixtures/bundles';
const absolute = join(import.meta.dirname, '../fixtures/bundles');

type Json = Record<string, unknown>;

describe('a caption bundle', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'labelstream-caption-'));
    await cp(absolute, folder, { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const loadChanged = async (change: (manifest: CaptionManifest & Json) => void = () => {}): Promise<Bundle<CaptionManifest>> => {
    const path = join(folder, 'caption', 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    change(manifest);
    await writeFile(path, JSON.stringify(manifest));
    return loadBundle(join(folder, 'caption'), 'caption');
  };

  it('is loaded by its own kind and by any, and its golden vectors hold', async () => {
    const bundle = await loadBundle(`${FIXTURES}/caption`, 'caption');
    expect(await loadAnyBundle(`${FIXTURES}/caption`)).toEqual(bundle);
    checkCaptionPair(await loadBundle(`${FIXTURES}/encoder`, 'encoder'), bundle);
    const inference = await openInference({ graphs: graphFiles(bundle), threads: 1, providers: ['cpu'] });
    await verifyGolden(bundle, inference);
    await inference.close();
  });

  it.each<[string, (manifest: CaptionManifest & Json) => void, RegExp]>([
    ['an unknown key', (m) => Object.assign(m, { beam: 4 }), /unknown key "beam" in manifest/],
    ['an end token outside its vocabulary', (m) => Object.assign(m.decoding, { endTokenId: 9 }), /decoding\.endTokenId is outside/],
    ['more layers that attend to the image than layers', (m) => Object.assign(m.cache, { crossLayers: 2 }), /cache\.crossLayers: more/],
    ['no bound on its titles', (m) => Object.assign(m.decoding, { maxTokens: 0 }), /decoding\.maxTokens must be >= 1/],
    ['a vocabulary of another size than its logits', (m) => Object.assign(m, { vocabulary: ['', '', ''] }), /"logits" of step is \[2,9\]/],
    ['a graph that is not listed', (m) => delete (m.files as Json)['step.onnx'], /"step.onnx" is used but not listed/],
  ])('is refused with %s', async (_, change, message) => {
    await expect(loadChanged(change)).rejects.toMatchObject({ code: 'BUNDLE_INVALID', message: expect.stringMatching(message) });
  });

  it('is refused beside another encoder, or one of other tokens', async () => {
    const encoder = await loadBundle(`${FIXTURES}/encoder`, 'encoder');
    const foreign = await loadChanged((m) => Object.assign(m.requires, { encoder: 'other@000000000000' }));
    expect(() => checkCaptionPair(encoder, foreign)).toThrow(/needs the encoder other@000000000000/);
    const wide = { ...encoder, manifest: { ...encoder.manifest, tokenWidth: { image: 9, text: 8 } } };
    const bundle = await loadBundle(`${FIXTURES}/caption`, 'caption');
    expect(() => checkCaptionPair(wide, bundle)).toThrow(/reads 8 features an image token, .* has 9/);
  });
});
