import type { Bundle, EncoderManifest, FusionManifest, MatchSpec, TaskSpec } from '@labelstream/shared/bundle/manifest';
import type { LabelSet } from './label-set.js';

export interface ManifestParts {
  readonly labels: LabelSet;
  /** Name of the taxonomy that the ids of the labels belong to. */
  readonly taxonomy: string;
  readonly task: string;
  readonly encoder: Bundle<EncoderManifest>;
  /** Confidence from which a label is given. */
  readonly threshold: number;
  readonly generation: number;
  readonly files: FusionManifest['files'];
  /** Measured for the same encoder. */
  readonly match?: MatchSpec;
  /** Command line that makes the bundle again, and the day. */
  readonly command: string;
  readonly madeOn: string;
}

/** Names of the files in the bundle. */
export const FILES = { graph: 'fusion.onnx', golden: 'golden.json', card: 'MODEL_CARD.md', manifest: 'manifest.json' } as const;

/** More paths than this make the walk slower and, on the fashion catalogue, no better. */
export const BEAM = 5;

/** ONNX Runtime on another processor differs by far less, and a wrong graph by far more. */
const TOLERANCE = 1e-3;

const sameForAll = <T>(value: T) => ({ complete: value, imageOnly: value, textOnly: value });

/** manifest.json of a zero-shot bundle. */
export function zeroShotManifest(parts: ManifestParts): FusionManifest {
  const { encoder, task, labels, generation, files, match, command, madeOn } = parts;
  const { embeddingWidth } = encoder.manifest;
  const weights = labels.entries.length * embeddingWidth;
  return {
    kind: 'fusion',
    format: 1,
    name: bundleName(task),
    architecture: 'clip-zero-shot',
    generation,
    requires: { encoder: encoder.id },
    files,
    graph: { file: FILES.graph, multiplyAdds: weights, reads: 'embeddings' },
    tokenWidth: embeddingWidth,
    embeddingWidth,
    tasks: [taskSpec(parts)],
    ...(match === undefined ? {} : { match }),
    metrics: {},
    golden: { file: FILES.golden, absoluteTolerance: TOLERANCE },
    training: {
      seed: 0,
      command,
      trainedAt: madeOn,
      data: [`no listing: the names of ${labels.entries.length} labels, through the text tower of ${encoder.id}`],
      parameters: weights,
    },
  };
}

/** `articleType` makes `zero-shot-article-type`. */
export function bundleName(task: string): string {
  return `zero-shot-${task.replace(/(?<=[a-z0-9])[A-Z]/g, (capital) => `-${capital}`).toLowerCase()}`.slice(0, 63);
}

function taskSpec({ task, labels: { entries, isTaxonomy }, taxonomy, threshold }: ManifestParts): TaskSpec {
  const paths = entries.flatMap(({ label, path }): [string, readonly string[]][] => (path === undefined ? [] : [[label, path]]));
  const named = entries.flatMap(({ label, name, path, id }): [string, { id: string; path: readonly string[] }][] =>
    id === undefined ? [] : [[label, { id, path: path ?? [name] }]],
  );
  return {
    name: task,
    labels: entries.map(({ label }) => label),
    ...(isTaxonomy ? { paths: Object.fromEntries(paths), walk: { beam: BEAM } } : {}),
    ...(named.length === 0 ? {} : { category: { taxonomy, byLabel: Object.fromEntries(named) } }),
    // Nothing was measured: a calibrated confidence of that much would be right that often.
    targetPrecision: threshold,
    temperature: sameForAll(1),
    threshold: sameForAll(threshold),
  };
}
