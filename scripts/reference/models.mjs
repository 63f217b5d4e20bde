import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { code, table } from './table.mjs';

const CONDITIONS = { complete: 'complete', textOnly: 'image missing', imageOnly: 'text missing' };
const FIGURES = {
  accuracy: 'Accuracy',
  macroF1: 'Macro-F1',
  recallAtPrecision: 'Recall at 90 % precision',
  expectedCalibrationError: 'Expected calibration error',
};

const MEGA = 1e6;

/** Manifests of the bundles in models/, with id and folder. */
function bundles() {
  return readdirSync(join(root, 'models'))
    .map((folder) => ({ folder: `models/${folder}`, path: join(root, 'models', folder, 'manifest.json') }))
    .filter(({ path }) => existsSync(path))
    .map(({ folder, path }) => {
      const bytes = readFileSync(path);
      const manifest = JSON.parse(bytes);
      return { folder, manifest, id: `${manifest.name}@${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}` };
    });
}

/** Whether there are figures of a bundle: it is a head, and not one that was made without any listing. */
const isMeasured = ({ manifest }) => manifest.kind === 'fusion' && Object.keys(manifest.metrics).length > 0;

/** One figure of all tasks and conditions of a fusion bundle. */
function figureTable({ tasks, metrics }, figure) {
  const names = tasks.map(({ name }) => name);
  return table(
    ['validation rows', ...names],
    Object.entries(CONDITIONS).map(([condition, title]) => [title, ...names.map((name) => metrics[condition][name][figure].toFixed(3))]),
  );
}

function multiplyAdds({ kind, towers, graph, graphs, metrics }) {
  // A caption bundle's step is run once for each token of a title, its end included.
  if (kind === 'caption') return graphs.prefix.multiplyAdds + graphs.step.multiplyAdds * metrics.meanTokens;
  const parts = towers === undefined ? [graph] : Object.values(towers);
  return parts.reduce((sum, part) => sum + part.multiplyAdds, 0);
}

const sizeBytes = ({ files }) => Object.values(files).reduce((sum, file) => sum + file.sizeBytes, 0);

function bundleRow({ id, folder, manifest }) {
  return [
    code(id),
    `[card](../../${folder}/MODEL_CARD.md)`,
    String(manifest.training.parameters.toLocaleString('en')),
    `${(multiplyAdds(manifest) / MEGA).toFixed(0)} M`,
    `${(sizeBytes(manifest) / MEGA).toFixed(1)} MB`,
  ];
}

/** The bundles that the repository ships, with the figures of their manifests. */
export function modelsReference() {
  const all = bundles();
  const fusions = all.filter(isMeasured);
  return [
    '# Models',
    'Every figure is from the bundle’s manifest, measured on the validation rows of its catalogue.',
    table(['bundle', 'model card', 'parameters', 'multiply-adds a listing', 'size'], all.map(bundleRow)),
    ...fusions.flatMap(({ id, manifest }) => [
      `## ${code(id)}`,
      ...Object.entries(FIGURES).flatMap(([figure, title]) => [`### ${title}`, figureTable(manifest, figure)]),
    ]),
  ].join('\n\n');
}

/** Accuracy of the shipped heads, for the README. */
export function accuracySummary() {
  return bundles()
    .filter(isMeasured)
    .map(({ manifest }) => figureTable(manifest, 'accuracy'))
    .join('\n\n');
}
