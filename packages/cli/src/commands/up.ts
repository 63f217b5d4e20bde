import { resolve } from 'node:path';
import { startEngine } from '@labelstream/local/engine';
import { ENGINE_PARTS, type EngineHandle } from '@labelstream/local/types';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { Command, Option } from 'commander';
import { type CommandDeps, dataDirOption, examples, parseStages } from '../command.js';
import { connect } from '../connect.js';
import { type Output, renderTable } from '../output.js';
import { startBackfillProcesses, type WorkerProcess } from '../pipeline/backfill-process.js';
import { imageFolders } from '../pipeline/image-folders.js';
import { BACKFILL_PROCESS } from '../pipeline/report.js';
import { engineSettings, type StageProcess, startStages } from '../pipeline/stage-processes.js';

interface UpOptions {
  readonly engine: 'auto' | 'docker' | 'native';
  readonly services: string;
  readonly dataDir: string;
  readonly images?: string;
  readonly json?: boolean;
}

/** `labelstream up`: the engine, the topics and the services, as far as they do not run yet. */
export function upCommand(deps: CommandDeps): Command {
  return new Command('up')
    .description(
      'Start Kafka, two Redis, the four services and two processes for backfills on this machine; what runs already is left as it is.',
    )
    .addOption(new Option('--engine <kind>', 'what Kafka and Redis run in').choices(['auto', 'docker', 'native']).default('auto'))
    .option(
      '--services <names>',
      `which services: all, none, or names separated by commas (${BACKFILL_PROCESS}: the worker, and stages of low priority for its lane)`,
      'all',
    )
    .addOption(dataDirOption(deps.config))
    .option('--images <dir>', 'the only folder from which ingest may read pictures (default: where "produce" unpacks tars)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        ['up', 'everything'],
        ['up --images pictures/', 'with pictures of your own, for "produce --images pictures/"'],
        ['up --services none', 'Kafka and Redis alone'],
        ['up --engine native', 'processes of this machine, although Docker is there'],
      ),
    )
    .action((options: UpOptions) => up(options, deps));
}

async function up(options: UpOptions, { config, output, signal }: CommandDeps): Promise<void> {
  const { stages, backfill } = servicesOf(options.services);
  const log = output.note;
  const engine = await startEngine({ engine: options.engine, dataDir: options.dataDir, log });
  signal.throwIfAborted();
  const { IMAGE_FILE_ROOT, BACKFILL_PICTURES_DIR } = imageFolders(options, config.env);
  const settings = { ...engineSettings(engine), IMAGE_FILE_ROOT };
  const connection = await connect({ ...config.env, ...settings });
  try {
    await connection.ensureTopics();
  } finally {
    await connection.close();
  }
  const { repositoryRoot, topicPrefix } = config;
  const dataDir = resolve(options.dataDir);
  const deployment = { repositoryRoot, dataDir, topicPrefix, settings, log, signal };
  const services = stages.length === 0 ? [] : await startStages({ ...deployment, stages });
  const workers = backfill ? await startBackfillProcesses({ ...deployment, settings: { ...settings, BACKFILL_PICTURES_DIR } }) : [];
  if (options.json) await output.printJson(upDocument(engine, services, workers));
  else await output.print(upText(engine, services, workers, output));
}

function servicesOf(names: string): { readonly stages: readonly StageName[]; readonly backfill: boolean } {
  if (names === 'none') return { stages: [], backfill: false };
  if (names === 'all') return { stages: STAGE_NAMES, backfill: true };
  const given = names.split(',');
  return { stages: parseStages(given.filter((name) => name !== BACKFILL_PROCESS)), backfill: given.includes(BACKFILL_PROCESS) };
}

function upDocument(engine: EngineHandle, services: readonly StageProcess[], workers: readonly WorkerProcess[]) {
  const { kind, brokers, redisState, redisCache, dataDir, logsDir, versions } = engine;
  return {
    engine: kind,
    brokers,
    redis: { state: redisState, cache: redisCache },
    versions,
    dataDir,
    logsDir,
    services: services.map(({ service, port, report }) => ({ name: service, pid: report.pid, port, health: report.health })),
    workers: workers.map(({ name, pid, port, health }) => ({ name, pid, port, health })),
  };
}

function upText(engine: EngineHandle, services: readonly StageProcess[], workers: readonly WorkerProcess[], { paint }: Output): string {
  const addresses = [engine.brokers.join(','), engine.redisState, engine.redisCache];
  const rows = [
    ...ENGINE_PARTS.map((part, i) => [part, String(engine.pids[part] ?? ''), addresses[i] ?? '']),
    ...services.map(({ service, port, report }) => [service, String(report.pid), `http://127.0.0.1:${port}/status`]),
    ...workers.map(({ name, pid, port }) => [name, String(pid), `http://127.0.0.1:${port}/status`]),
  ];
  return [
    renderTable([{ title: 'name' }, { title: 'pid', align: 'right' }, { title: 'address' }], rows),
    '',
    paint.dim(`Logs: ${engine.logsDir}. See "labelstream status"; stop all of it with "labelstream down".`),
  ].join('\n');
}
