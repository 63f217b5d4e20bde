import { readFile } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { checkPair, loadBundle } from '@labelstream/shared/bundle/load';
import type { Bundle, EncoderManifest, MatchSpec } from '@labelstream/shared/bundle/manifest';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { CommandDeps } from '../command.js';
import { bundleFolder } from '../models/reference.js';
import { GOOGLE_TAXONOMY, readGoogleTaxonomy } from './google-taxonomy.js';
import { type LabelSet, parseLabelSet } from './label-set.js';
import { makeZeroShotBundle } from './make.js';
import { DEFAULT_TEMPLATES, parseTemplates } from './templates.js';

export interface ZeroShotFlags {
  readonly labels: string;
  readonly encoder?: string;
  readonly out: string;
  readonly task: string;
  readonly templates?: string;
  readonly scale?: number;
  readonly threshold: number;
  readonly matchOf?: string;
  readonly generation: number;
  readonly threads: number;
  readonly json?: boolean;
}

/** CLIP's own, where a manifest does not say. */
const CLIP_SCALE = 100;
const GOOGLE = 'google-taxonomy';

/** `labelstream models zero-shot`. Throws SOURCE_INVALID, USAGE, BUNDLE_INVALID. */
export async function runZeroShot(flags: ZeroShotFlags, { config, output, signal }: CommandDeps): Promise<void> {
  const labels = await readLabels(flags.labels);
  const templates = flags.templates === undefined ? DEFAULT_TEMPLATES : parseTemplates(await read(flags.templates), flags.templates);
  const encoder = await loadBundle(await bundleFolder(flags.encoder ?? config.encoderBundle, config), 'encoder');
  const scale = flags.scale ?? encoder.manifest.contrastiveScale ?? CLIP_SCALE;
  const match = flags.matchOf === undefined ? undefined : await matchOf(await bundleFolder(flags.matchOf, config), encoder);
  const progress = output.progress('encoding labels');
  const bundle = await makeZeroShotBundle({
    ...labels,
    task: flags.task,
    templates,
    encoder,
    scale,
    threshold: flags.threshold,
    ...(match === undefined ? {} : { match }),
    generation: flags.generation,
    out: resolve(flags.out),
    command: commandLine(flags, scale),
    threads: flags.threads,
    signal,
    onProgress: (done, total) => progress.update(done, total),
  }).finally(() => progress.end());
  const { id, directory } = bundle;
  const summary = { id, folder: directory, task: flags.task, labels: labels.labels.entries.length, encoder: encoder.id, scale };
  if (flags.json) return output.printJson(summary);
  return output.print(
    `${id} in ${directory}: ${summary.labels} labels for the task ${flags.task}. Serve it with FUSION_BUNDLE=${directory}.`,
  );
}

/** From where on image and text belong together; it depends on the encoder alone. */
async function matchOf(folder: string, encoder: Bundle<EncoderManifest>): Promise<MatchSpec> {
  const fusion = await loadBundle(folder, 'fusion');
  checkPair(encoder, fusion);
  const { match } = fusion.manifest;
  if (match === undefined) throw new LabelstreamError('USAGE', `${fusion.id} does not say from where on image and text belong together.`);
  return match;
}

interface LabelSource {
  readonly labels: LabelSet;
  readonly source: string;
  readonly taxonomy: string;
}

async function readLabels(labels: string): Promise<LabelSource> {
  if (labels === GOOGLE) {
    return { labels: await readGoogleTaxonomy(), source: 'the Google product taxonomy (version 2019-07-10)', taxonomy: GOOGLE_TAXONOMY };
  }
  const file = basename(labels);
  return { labels: parseLabelSet(await read(labels), labels), source: `\`${file}\``, taxonomy: basename(file, extname(file)) };
}

async function read(path: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path));
  } catch (error) {
    const why = error instanceof TypeError ? 'is not UTF-8 text' : `cannot be read (${(error as NodeJS.ErrnoException).code})`;
    throw new LabelstreamError('SOURCE_INVALID', `${path} ${why}.`, { cause: error });
  }
}

/** Without folders: they are nobody else's. */
function commandLine({ labels, task, templates, threshold, matchOf: other, generation }: ZeroShotFlags, scale: number): string {
  const options = [
    `--labels ${basename(labels)}`,
    `--task ${task}`,
    ...(templates === undefined ? [] : [`--templates ${basename(templates)}`]),
    `--scale ${scale}`,
    `--threshold ${threshold}`,
    ...(other === undefined ? [] : [`--match-of ${basename(other)}`]),
    `--generation ${generation}`,
  ];
  return `labelstream models zero-shot ${options.join(' ')}`;
}
