import type {
  Bundle,
  CaptionManifest,
  EncoderManifest,
  FusionManifest,
  Manifest,
  ModalityPattern,
  TaskSpec,
} from '@labelstream/shared/bundle/manifest';
import { describeWidths, tokenWidths } from '@labelstream/shared/bundle/token-widths';
import { type Column, type Paint, renderTable } from '../output.js';
import type { Found } from './find.js';

const MEGA = 1e6;
/** So many labels of a task are named. */
const NAMED = 8;
const PATTERNS: readonly (readonly [ModalityPattern, string])[] = [
  ['complete', 'image and text'],
  ['imageOnly', 'image only'],
  ['textOnly', 'text only'],
];

export const bundleBytes = ({ files }: Manifest) => Object.values(files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Whole millions, with a decimal below ten. */
const millions = (count: number) => `${(count / MEGA).toFixed(count < 10 * MEGA ? 1 : 0)} M`;

const megabytes = (manifest: Manifest) => `${(bundleBytes(manifest) / MEGA).toFixed(1)} MB`;

/** One line of `models list --json`. */
export function bundleLine(found: Found): Record<string, unknown> {
  if (!('bundle' in found)) return { folder: found.folder, problem: found.problem };
  const { id, manifest } = found.bundle;
  const head = manifest.kind === 'encoder' ? {} : { architecture: manifest.architecture, requires: manifest.requires.encoder };
  const generation = manifest.kind === 'fusion' ? { generation: manifest.generation } : {};
  return { folder: found.folder, id, kind: manifest.kind, ...head, ...generation, sizeBytes: bundleBytes(manifest) };
}

/** The table of `models list`. */
export function bundleTable(all: readonly Found[], paint: Paint): string {
  const columns: Column[] = ['bundle', 'kind', 'head'].map((title) => ({ title }));
  const right = (title: string): Column => ({ title, align: 'right' });
  const rows = all.flatMap((found) => ('bundle' in found ? [bundleRow(found.bundle)] : []));
  const problems = all.flatMap((found) => ('bundle' in found ? [] : [paint.red(found.problem)]));
  const table = renderTable([...columns, right('generation'), right('size'), { title: 'requires' }, { title: 'folder' }], rows);
  return [...(rows.length === 0 ? [] : [table]), ...problems].join('\n');
}

function bundleRow({ id, directory, manifest }: Bundle): string[] {
  const [head, requires] = manifest.kind === 'encoder' ? ['', ''] : [manifest.architecture, manifest.requires.encoder];
  const generation = manifest.kind === 'fusion' ? String(manifest.generation) : '';
  return [id, manifest.kind, head, generation, megabytes(manifest), requires, directory];
}

/** The text of `models show`. */
export function bundleText({ id, directory, manifest }: Bundle, paint: Paint): string {
  const { training } = manifest;
  return [
    paint.bold(id),
    `${manifest.kind} bundle in ${directory}, ${megabytes(manifest)}, ${training.parameters.toLocaleString('en')} parameters`,
    ...ownLines(manifest),
    '',
    `made ${training.trainedAt}, seed ${training.seed}, from`,
    ...training.data.map((source) => `  ${source}`),
    'by',
    `  ${training.command}`,
  ].join('\n');
}

function ownLines(manifest: Manifest): string[] {
  if (manifest.kind === 'encoder') return encoderLines(manifest);
  return manifest.kind === 'fusion' ? headLines(manifest) : captionLines(manifest);
}

function captionLines({ architecture, requires, graphs, vocabulary, cache, decoding }: CaptionManifest): string[] {
  return [
    `${architecture} captions, for the encoder ${requires.encoder}`,
    `${cache.layers} layers, ${cache.crossLayers} of them over ${cache.queries} queries of the image; ${vocabulary.length} words`,
    `titles of ${decoding.maxTokens} tokens at most, proposed from a token confidence of ${decoding.minConfidence.toFixed(3)} on`,
    `multiply-adds: ${millions(graphs.prefix.multiplyAdds)} a picture, ${millions(graphs.step.multiplyAdds)} a token`,
  ];
}

function encoderLines({ preprocess, text, towers, tokenWidth, embeddingWidth, contrastiveScale }: EncoderManifest): string[] {
  const { width, height, fit, kernel } = preprocess;
  return [
    `pictures ${width} × ${height}, ${fit}, ${kernel}; texts of ${text.contextLength} tokens at most, of ${text.vocabularySize} words`,
    `tokens of ${describeWidths(tokenWidths(tokenWidth))} features, ${towers.image.tokenCount} a picture; embeddings of ${embeddingWidth}`,
    `multiply-adds: ${millions(towers.image.multiplyAdds)} a picture, ${millions(towers.text.multiplyAdds)} a text`,
    ...(contrastiveScale === undefined ? [] : [`contrastive scale ${contrastiveScale}`]),
  ];
}

function headLines({ architecture, generation, requires, graph, tasks, match }: FusionManifest): string[] {
  const reads = graph.reads ?? 'tokens';
  return [
    `${architecture}, generation ${generation}, for the encoder ${requires.encoder}`,
    `reads ${reads}; ${millions(graph.multiplyAdds)} multiply-adds a listing`,
    match === undefined
      ? 'takes every text for that of its image'
      : `takes a text for another listing's below a match of ${match.threshold}; ${percent(match.found)} of shuffled pairs, ${percent(match.falseAlarms)} of genuine ones`,
    '',
    renderTable(
      [{ title: 'task' }, { title: 'labels', align: 'right' }, ...PATTERNS.map(([, title]) => ({ title: `${title} from` })), { title: '' }],
      tasks.map((task) => [
        task.name,
        String(task.labels.length),
        ...PATTERNS.map(([pattern]) => thresholdText(task, pattern)),
        about(task),
      ]),
    ),
    ...tasks.map(({ name, labels }) => `${name}: ${labels.slice(0, NAMED).join(', ')}${labels.length > NAMED ? ', …' : ''}`),
  ];
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

/** The confidence from which a label is given. */
function thresholdText({ threshold }: TaskSpec, pattern: ModalityPattern): string {
  const from = threshold[pattern];
  return from === null ? 'abstains' : from.toFixed(3);
}

function about({ paths, category, walk }: TaskSpec): string {
  return [
    walk === undefined ? '' : `walked with a beam of ${walk.beam}`,
    paths === undefined ? '' : 'paths',
    category === undefined ? '' : category.taxonomy,
  ]
    .filter((each) => each !== '')
    .join(', ');
}
