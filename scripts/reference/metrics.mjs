import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { code, table } from './table.mjs';

const SERVICES = ['ingest', 'encoder', 'fusion', 'sink'];
const { Registry } = createRequire(join(root, 'packages/shared/package.json'))('prom-client');

/** What a factory registers, as rows. */
async function rowsOf(create) {
  const registry = new Registry();
  create(registry);
  const labelsOf = (name) => registry.getSingleMetric(name)?.labelNames ?? [];
  const metrics = await registry.getMetricsAsJSON();
  return metrics
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help }) => [code(name), type, labelsOf(name).map(code).join(', '), help]);
}

const section = (title, rows) => `## ${title}\n\n${table(['metric', 'type', 'labels', 'meaning'], rows)}\n`;

/** Every metric, from the registries that the services fill. */
export async function metricsReference({ load }) {
  const { createStreamMetrics } = await load('packages/shared', 'stream/metrics');
  const sections = [section('Every stage', await rowsOf((registry) => createStreamMetrics(registry, 'ingest')))];
  for (const service of SERVICES) {
    const title = `${service[0].toUpperCase()}${service.slice(1)}`;
    const create = (await load(`services/${service}`, 'metrics'))[`create${title}Metrics`];
    sections.push(section(title, await rowsOf(create)));
  }
  const { createBackfillMetrics } = await load('packages/backfill', 'metrics');
  sections.push(section('Backfill worker', await rowsOf(createBackfillMetrics)));
  return `# Metrics

In Prometheus' text format at \`/metrics\` of each process, beside the default metrics of \`prom-client\` (\`process_*\`, \`nodejs_*\`).
Units are part of the name.

${sections.join('\n')}`;
}
