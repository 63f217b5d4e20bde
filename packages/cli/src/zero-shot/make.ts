import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openPreparation } from '@labelstream/ingest/preparation';
import { fingerprint } from '@labelstream/shared/adapters/file/bundle-files';
import { openBundles } from '@labelstream/shared/adapters/onnx/open-bundles';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest, FusionManifest, MatchSpec } from '@labelstream/shared/bundle/manifest';
import { LabelstreamError } from '@labelstream/shared/errors';
import { createEncoderModel, sequenceDims } from '@labelstream/shared/model/encoder-model';
import type { Inference } from '@labelstream/shared/ports/inference';
import { decodeTokenSequence } from '@labelstream/shared/tensor/token-sequence';
import { zeroShotCard } from './card.js';
import { embedLabels } from './embed-labels.js';
import { goldenCases } from './golden-cases.js';
import { type ZeroShotHead, zeroShotGraph } from './head-graph.js';
import type { LabelSet } from './label-set.js';
import { bundleName, FILES, zeroShotManifest } from './manifest.js';
import { writeOnnx } from './onnx-model.js';
import { fill } from './templates.js';
import { refuseTwins } from './twins.js';

export interface ZeroShotOptions {
  readonly labels: LabelSet;
  /** What the labels were read from, in words; and the name of the taxonomy that their ids belong to. */
  readonly source: string;
  readonly taxonomy: string;
  readonly task: string;
  readonly templates: readonly string[];
  readonly encoder: Bundle<EncoderManifest>;
  /** What cosines are multiplied with. */
  readonly scale: number;
  readonly threshold: number;
  /** Of a fusion bundle of the same encoder, if there is one: it depends on the encoder alone. */
  readonly match?: MatchSpec;
  readonly generation: number;
  /** Folder that is made; must not be there, or be empty. */
  readonly out: string;
  readonly command: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** Rows of one run of the text tower. */
const RUN_SIZE = 32;
const LIMITS = { maxTextBytes: 64 * 1024, maxPixels: 1, decodeConcurrency: 1 };

/**
 * Makes a fusion bundle for any label set, without training: a CLIP zero-shot head. The folder appears whole or not at all, and is
 * verified as a service does it. Throws USAGE where `out` is in use, SOURCE_INVALID where two labels are the same to the encoder,
 * BUNDLE_INVALID where the encoder is not whole.
 */
export async function makeZeroShotBundle(options: ZeroShotOptions): Promise<Bundle<FusionManifest>> {
  const { encoder, task, scale, out } = options;
  if (await isInUse(out)) throw new LabelstreamError('USAGE', `${out} is there already; a bundle never changes, so give another folder.`);
  const vectors = await labelVectors(options);
  const head: ZeroShotHead = { task, labels: vectors, embeddingWidth: encoder.manifest.embeddingWidth, scale };
  const staging = join(dirname(out), `.${basename(out)}.${process.pid}`);
  try {
    await mkdir(staging, { recursive: true });
    await fillFolder(staging, head, options);
    const bundle = await verify(staging, encoder);
    await rm(out, { recursive: true, force: true });
    await rename(staging, out);
    return { ...bundle, directory: out };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function isInUse(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return true;
    throw error;
  }
}

/** The labels through the tokeniser and the text tower, exactly as the titles of listings go. */
async function labelVectors({
  encoder,
  labels,
  templates,
  threads,
  signal,
  onProgress,
}: ZeroShotOptions): Promise<readonly Float32Array[]> {
  const preparation = await openPreparation(encoder, LIMITS);
  const dims = sequenceDims(encoder.manifest).text;
  const tokenIds = (title: string) => preparation.text({ title, attributes: {}, images: [] }).tokenIds;
  refuseTwins(labels.entries, (name) => tokenIds(fill(templates[0] ?? '', name)));
  const { inference, model } = await openEncoder(encoder, threads);
  try {
    const embed = async (texts: readonly string[]) =>
      (await model.encodeTexts(texts.map(tokenIds))).map((stored) => decodeTokenSequence(stored, dims)?.embedding ?? new Float32Array());
    const names = labels.entries.map(({ name }) => name);
    return await embedLabels(names, { templates, embed, signal, onProgress });
  } finally {
    await inference.close();
  }
}

function openEncoder(encoder: Bundle<EncoderManifest>, threads: number) {
  const settings = { INFERENCE_THREADS: threads, INFERENCE_PROVIDER: 'cpu' } as const;
  return openBundles([encoder], settings, async (inference: Inference) => createEncoderModel(encoder, { inference, maxRunSize: RUN_SIZE }));
}

/** Everything but the manifest first, because that hashes the rest. */
async function fillFolder(folder: string, head: ZeroShotHead, options: ZeroShotOptions): Promise<void> {
  const { encoder, labels, templates, source, ...rest } = options;
  const write = (file: string, content: string | Uint8Array) => writeFile(join(folder, file), content);
  await write(FILES.graph, writeOnnx(zeroShotGraph(head)));
  await write(FILES.golden, `${JSON.stringify(goldenCases(head))}\n`);
  const { length } = labels.entries;
  const about = { name: bundleName(head.task), labels: length, isTaxonomy: labels.isTaxonomy, templates, source, encoderId: encoder.id };
  await write(FILES.card, zeroShotCard({ ...rest, ...about }));
  const hashed = [FILES.graph, FILES.golden, FILES.card].map(async (file) => [file, await fingerprint(join(folder, file))] as const);
  const files = Object.fromEntries((await Promise.all(hashed)).flatMap(([file, found]) => (found === undefined ? [] : [[file, found]])));
  const madeOn = new Date().toISOString().slice(0, 10);
  await write(FILES.manifest, `${JSON.stringify(zeroShotManifest({ ...rest, labels, encoder, files, madeOn }), null, 1)}\n`);
}

/** As a fusion service does it before it starts. */
async function verify(folder: string, encoder: Bundle<EncoderManifest>): Promise<Bundle<FusionManifest>> {
  const bundle = await loadBundle(folder, 'fusion');
  checkPair(encoder, bundle);
  const { inference } = await openBundles([bundle], { INFERENCE_THREADS: 1, INFERENCE_PROVIDER: 'cpu' }, async () => null);
  await inference.close();
  return bundle;
}
