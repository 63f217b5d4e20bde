import { Ajv, type ErrorObject } from 'ajv';
import { LabelstreamError } from '../errors.js';
import type { CaptionManifest, EncoderManifest, FusionManifest, Manifest } from './manifest.js';
import { describeWidths, tokenWidths } from './token-widths.js';

export type BundleKind = Manifest['kind'];
export const BUNDLE_KINDS: readonly BundleKind[] = ['encoder', 'fusion', 'caption'];
export type ManifestOf<K extends BundleKind> = Extract<Manifest, { kind: K }>;

const SCHEMA_KEY = 'manifest';

/** Throws BUNDLE_INVALID. */
export function refuse(where: string, why: string): never {
  throw new LabelstreamError('BUNDLE_INVALID', `${where}: ${why}`);
}

/**
 * Checks a parsed manifest against the shipped schema, then what a schema cannot say. `where` begins each message.
 * Throws BUNDLE_INVALID naming the key at fault.
 */
export function validateManifest<K extends BundleKind>(
  raw: unknown,
  kind: K,
  schema: Record<string, unknown>,
  where: string,
): ManifestOf<K> {
  const found = (raw as { kind?: unknown } | null)?.kind;
  if (found !== kind) refuse(where, `kind is ${JSON.stringify(found)}, a bundle of kind "${kind}" is needed`);
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  ajv.addSchema(schema, SCHEMA_KEY);
  const validate = ajv.compile<ManifestOf<K>>({ $ref: `${SCHEMA_KEY}#/definitions/${kind}` });
  if (!validate(raw)) refuse(where, (validate.errors ?? []).map(describeIssue).join('; '));
  const problems = [...fileProblems(raw), ...kindProblems(raw)];
  if (problems.length > 0) refuse(where, problems.join('; '));
  return raw;
}

function describeIssue({ instancePath, keyword, params, message }: ErrorObject): string {
  const at = instancePath.slice(1).replaceAll('/', '.') || 'manifest';
  if (keyword === 'additionalProperties') return `unknown key "${params.additionalProperty}" in ${at}`;
  if (keyword === 'required') return `missing key "${params.missingProperty}" in ${at}`;
  return `${at} ${message ?? keyword}`;
}

/** Files a manifest names that it does not list with their hash, and listed paths that leave the bundle. */
function fileProblems(manifest: Manifest): string[] {
  const unlisted = [...usedFiles(manifest), manifest.golden.file].filter((file) => !(file in manifest.files));
  const outside = Object.keys(manifest.files).filter((file) => file.startsWith('/') || file.split(/[/\\]/).includes('..'));
  return [
    ...unlisted.map((file) => `files: "${file}" is used but not listed`),
    ...outside.map((file) => `files: "${file}" lies outside the bundle`),
  ];
}

function usedFiles(manifest: Manifest): string[] {
  if (manifest.kind === 'encoder') return [manifest.towers.image.file, manifest.towers.text.file, manifest.text.tokenizer];
  return manifest.kind === 'fusion' ? [manifest.graph.file] : [manifest.graphs.prefix.file, manifest.graphs.step.file];
}

function kindProblems(manifest: Manifest): string[] {
  if (manifest.kind === 'encoder') return textProblems(manifest.text);
  return manifest.kind === 'fusion' ? headProblems(manifest) : captionProblems(manifest);
}

function captionProblems({ cache, decoding, vocabulary }: CaptionManifest): string[] {
  const ids = ['beginTokenId', 'endTokenId'] as const;
  return [
    ...ids.filter((name) => decoding[name] >= vocabulary.length).map((name) => `decoding.${name} is outside the vocabulary`),
    ...(cache.crossLayers > cache.layers ? ['cache.crossLayers: more layers attend to the image than there are'] : []),
  ];
}

function headProblems(manifest: FusionManifest): string[] {
  const { tasks, graph, tokenWidth, embeddingWidth } = manifest;
  const names = new Set(tasks.map((task) => task.name));
  const widths = tokenWidths(tokenWidth);
  const misread = graph.reads === 'embeddings' && (widths.image !== embeddingWidth || widths.text !== embeddingWidth);
  return [
    ...tasks.flatMap(taskProblems),
    ...(names.size < tasks.length ? ['tasks: a name occurs twice'] : []),
    ...(misread ? [`tokenWidth is ${describeWidths(widths)}, a head that reads embeddings has embeddingWidth, ${embeddingWidth}`] : []),
    ...(graph.attention !== undefined && graph.reads === 'embeddings'
      ? ['graph.attention: a head that reads embeddings is given no patches to attend to']
      : []),
  ];
}

function textProblems(text: EncoderManifest['text']): string[] {
  const ids = ['beginTokenId', 'endTokenId', 'padTokenId'] as const;
  return ids.filter((name) => text[name] >= text.vocabularySize).map((name) => `text.${name} is outside the vocabulary`);
}

function taskProblems(task: FusionManifest['tasks'][number]): string[] {
  const labels = new Set(task.labels);
  const strangers = (key: 'paths' | 'category.byLabel', byLabel: object = {}) =>
    Object.keys(byLabel).flatMap((label) => (labels.has(label) ? [] : [`tasks.${task.name}.${key}: "${label}" is not a label`]));
  const cold = Object.values(task.temperature).some((value) => !(value > 0));
  const outside = Object.values(task.threshold).some((value) => value !== null && !(value >= 0 && value <= 1));
  return [
    ...strangers('paths', task.paths),
    ...strangers('category.byLabel', task.category?.byLabel),
    ...(task.walk === undefined ? [] : walkProblems(task)),
    ...(cold ? [`tasks.${task.name}.temperature must be above 0`] : []),
    ...(outside ? [`tasks.${task.name}.threshold must be within 0..1 or null`] : []),
  ];
}

/** A walk needs a path for every label, and above every path that of its parent. */
function walkProblems({ name, labels, paths = {} }: FusionManifest['tasks'][number]): string[] {
  const key = (path: readonly string[]) => JSON.stringify(path);
  const byLabel = new Map(Object.entries(paths));
  const known = new Set(Object.values(paths).map(key));
  const problem = (why: string) => [`tasks.${name}.walk: ${why}`];
  const homeless = labels.find((label) => !byLabel.has(label));
  if (homeless !== undefined) return problem(`"${homeless}" has no path`);
  if (known.size < labels.length) return problem('two labels have the same path');
  const above = (label: string) => byLabel.get(label)?.slice(0, -1) ?? [];
  const orphan = labels.find((label) => above(label).length > 0 && !known.has(key(above(label))));
  return orphan === undefined ? [] : problem(`the category above "${orphan}" is not a label`);
}
