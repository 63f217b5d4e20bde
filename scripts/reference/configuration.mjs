import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/root.mjs';
import { code, table } from './table.mjs';

const SERVICES = ['ingest', 'encoder', 'fusion', 'sink'];

/** Defaults that depend on the machine. */
const OF_THE_MACHINE = {
  DECODE_CONCURRENCY: 'cores of the machine',
  BUNDLE_CACHE_DIR: 'a folder among the temporary files',
  BACKFILL_PICTURES_DIR: 'a folder among the temporary files',
};

/** Of the command line and the local engine, which read these as they are. */
const LOCAL = [
  ['LABELSTREAM_DATA_DIR', '.labelstream', 'Folder of the local engine: records, logs, data of the servers.'],
  ['LABELSTREAM_ARTIFACTS_DIR', '.labelstream/artifacts', 'Downloaded programs; may be shared by any number of data folders.'],
  ['JAVA_HOME', '', 'JDK for the native Kafka; otherwise `java` on PATH.'],
  ['NO_COLOR', '', 'No colours on a terminal.'],
];

function defaultText(name, value) {
  if (OF_THE_MACHINE[name] !== undefined) return OF_THE_MACHINE[name];
  return value === undefined || value === '' ? '' : code(value);
}

const section = (title, rows) => `## ${title}\n\n${table(['variable', 'default', 'meaning'], rows)}\n`;

/** Every setting, from the schemas that read them. */
export async function configurationReference({ load }) {
  const { commonSettings, describeSettings } = await load('packages/shared', 'config');
  const rowsOf = (schema) =>
    describeSettings(schema).map(({ name, description, default: value }) => [code(name), defaultText(name, value), description]);
  const sections = [section('Every service', rowsOf(commonSettings))];
  for (const service of SERVICES) {
    if (!existsSync(join(root, 'services', service, 'src/config.ts'))) continue;
    const settings = await load(`services/${service}`, 'config');
    sections.push(section(`${service[0].toUpperCase()}${service.slice(1)}`, rowsOf(settings[`${service}Settings`])));
  }
  const { backfillSettings } = await load('packages/backfill', 'config');
  sections.push(section('Backfill worker', rowsOf(backfillSettings)));
  sections.push(
    section(
      'Command line and local engine',
      LOCAL.map(([name, value, meaning]) => [code(name), value === '' ? '' : code(value), meaning]),
    ),
  );
  return `# Configuration

Environment variables, read once when a process starts; a wrong one ends it with \`CONFIG_INVALID\` and the name of the variable.

${sections.join('\n')}`;
}
