import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { bundleDirectory, fingerprint, readIfThere, readManifestSchema, staysInside } from '../adapters/file/bundle-files.js';
import { LabelstreamError } from '../errors.js';
import type { Inference } from '../ports/inference.js';
import { checkGoldenShapes, type GoldenCase, parseGolden, runGolden } from './golden.js';
import type { Bundle, CaptionManifest, EncoderManifest, FusionManifest, Manifest } from './manifest.js';
import { describeWidths, tokenWidths } from './token-widths.js';
import { BUNDLE_KINDS, type BundleKind, type ManifestOf, refuse, validateManifest } from './validate.js';

/** `<name>@<first 12 hex digits of the SHA-256 of manifest.json as stored>`. */
export function bundleId(name: string, manifestBytes: Uint8Array): string {
  return `${name}@${createHash('sha256').update(manifestBytes).digest('hex').slice(0, 12)}`;
}

/**
 * Reads and verifies a bundle: manifest against the schema, every listed file by size and SHA-256, golden vectors by shape. A relative
 * `directory` is taken from the repository root. Throws BUNDLE_INVALID saying what is wrong.
 */
export async function loadBundle<K extends BundleKind>(directory: string, kind: K): Promise<Bundle<ManifestOf<K>>> {
  return verifyFiles(await readBundle(directory, kind));
}

/** As {@link loadBundle}, of whichever kind the bundle says it is. */
export async function loadAnyBundle(directory: string): Promise<Bundle> {
  return verifyFiles(await readAnyBundle(directory));
}

/** Reads only the manifest, of whichever kind, and checks it against the schema. Throws BUNDLE_INVALID. */
export async function readAnyBundle(directory: string): Promise<Bundle> {
  const { folder, bytes } = await readManifestFile(directory);
  return { ...(await parseManifest(bytes, folder)), directory: folder };
}

/**
 * The manifest of a bundle of whichever kind, from the bytes of its manifest.json, checked against the schema. `where` begins each message.
 * Throws BUNDLE_INVALID.
 */
export async function parseManifest(bytes: Uint8Array, where: string): Promise<Omit<Bundle, 'directory'>> {
  const raw = parseJson(bytes, `${where}/manifest.json`);
  const kind = (raw as { kind?: unknown } | null)?.kind;
  const known = BUNDLE_KINDS.find((each) => each === kind);
  if (known === undefined) refuse(where, `kind is ${JSON.stringify(kind)}, none of ${BUNDLE_KINDS.join(', ')}`);
  const manifest = validateManifest(raw, known, await readManifestSchema(), where);
  return { id: bundleId(manifest.name, bytes), manifest };
}

async function readBundle<K extends BundleKind>(directory: string, kind: K): Promise<Bundle<ManifestOf<K>>> {
  const { folder, bytes } = await readManifestFile(directory);
  const manifest = validateManifest(parseJson(bytes, `${folder}/manifest.json`), kind, await readManifestSchema(), folder);
  return { id: bundleId(manifest.name, bytes), directory: folder, manifest };
}

async function readManifestFile(directory: string): Promise<{ readonly folder: string; readonly bytes: Uint8Array }> {
  const folder = bundleDirectory(directory);
  const bytes = await readIfThere(join(folder, 'manifest.json'));
  if (bytes === undefined) refuse(folder, 'there is no manifest.json');
  return { folder, bytes };
}

async function verifyFiles<M extends Manifest>(bundle: Bundle<M>): Promise<Bundle<M>> {
  const { directory, manifest } = bundle;
  await Promise.all(Object.keys(manifest.files).map((file) => verifyFile(directory, file, manifest)));
  checkGoldenShapes(manifest, await readGolden(bundle), directory);
  return bundle;
}

/** Refuses a fusion bundle made for another encoder. Throws BUNDLE_MISMATCH. */
export function checkPair(encoder: Bundle<EncoderManifest>, fusion: Bundle<FusionManifest>): void {
  const { tokenWidth, graph } = fusion.manifest;
  checkRequired(encoder, fusion);
  const [what, width] =
    graph.reads === 'embeddings' ? ['an embedding', encoder.manifest.embeddingWidth] : ['a token', encoder.manifest.tokenWidth];
  const [reads, has] = [describeWidths(tokenWidths(tokenWidth)), describeWidths(tokenWidths(width))];
  if (reads !== has)
    throw new LabelstreamError('BUNDLE_MISMATCH', `${fusion.id} reads ${reads} features ${what}, ${encoder.id} has ${has}`);
  const { attention } = graph;
  const patches = encoder.manifest.towers.image.tokenCount - 1;
  if (attention !== undefined && attention.columns * attention.rows !== patches)
    throw new LabelstreamError(
      'BUNDLE_MISMATCH',
      `${fusion.id} attends to ${attention.columns} x ${attention.rows} patches, ${encoder.id} has ${patches}`,
    );
}

/** Refuses a caption bundle made for another encoder. Throws BUNDLE_MISMATCH. */
export function checkCaptionPair(encoder: Bundle<EncoderManifest>, caption: Bundle<CaptionManifest>): void {
  checkRequired(encoder, caption);
  const [reads, { image }] = [caption.manifest.imageTokenWidth, tokenWidths(encoder.manifest.tokenWidth)];
  if (reads !== image) {
    throw new LabelstreamError('BUNDLE_MISMATCH', `${caption.id} reads ${reads} features an image token, ${encoder.id} has ${image}`);
  }
}

function checkRequired(encoder: Bundle<EncoderManifest>, { id, manifest }: Bundle<FusionManifest | CaptionManifest>): void {
  if (manifest.requires.encoder === encoder.id) return;
  throw new LabelstreamError('BUNDLE_MISMATCH', `${id} needs the encoder ${manifest.requires.encoder}, this is ${encoder.id}`);
}

/**
 * Runs the bundle's golden cases on graphs opened under the names of `graphFiles`, element by element. Throws BUNDLE_INVALID naming the
 * first value that is off, or INFERENCE_FAILED.
 */
export async function verifyGolden(bundle: Bundle, inference: Pick<Inference, 'run'>): Promise<void> {
  await runGolden(bundle.manifest, await readGolden(bundle), inference.run);
}

/** The bundle's own test cases. Throws BUNDLE_INVALID. */
export async function readGolden({ directory, manifest }: Bundle): Promise<readonly GoldenCase[]> {
  const path = join(directory, manifest.golden.file);
  const bytes = await readIfThere(path);
  if (bytes === undefined) refuse(path, 'is missing');
  return parseGolden(parseJson(bytes, path), path);
}

async function verifyFile(folder: string, file: string, manifest: Manifest): Promise<void> {
  // What lies elsewhere can be changed by others after it was checked.
  if (!(await staysInside(folder, file))) refuse(folder, `"${file}" is a link out of the bundle`);
  const found = await fingerprint(join(folder, file));
  const listed = manifest.files[file];
  if (found === undefined || listed === undefined) return refuse(folder, `"${file}" is missing`);
  if (found.sizeBytes !== listed.sizeBytes) refuse(folder, `"${file}" has ${found.sizeBytes} bytes, the manifest says ${listed.sizeBytes}`);
  if (found.sha256 !== listed.sha256) refuse(folder, `"${file}" does not have the SHA-256 of the manifest`);
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new LabelstreamError('BUNDLE_INVALID', `${where}: is not JSON`, { cause: error });
  }
}
