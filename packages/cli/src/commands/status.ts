import { engineStatus } from '@labelstream/local/engine';
import type { EngineStatus } from '@labelstream/local/types';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples } from '../command.js';
import { type Output, renderTable } from '../output.js';
import { backfillProcesses, type WorkerProcess } from '../pipeline/backfill-process.js';
import { type StageProcess, stageProcesses } from '../pipeline/stage-processes.js';

interface StatusOptions {
  readonly dataDir: string;
  readonly json?: boolean;
}

/** `labelstream status`: what runs, asked of the servers and services themselves. */
export function statusCommand(deps: CommandDeps): Command {
  return new Command('status')
    .description('Show what runs on this machine and how it is; exit code 0 when all of it is well, 1 otherwise.')
    .addOption(dataDirOption(deps.config))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        ['status', 'a table for you'],
        ['status --json', '{engine, running, brokers, redis, parts, services, workers}, for a script'],
      ),
    )
    .action((options: StatusOptions) => status(options, deps));
}

async function status({ dataDir, json }: StatusOptions, { output, markFailed }: CommandDeps): Promise<void> {
  const [engine, services, workers] = await Promise.all([engineStatus(dataDir), stageProcesses(dataDir), backfillProcesses(dataDir)]);
  const healths = [...services.map(({ report }) => report.health), ...workers.map(({ health }) => health)];
  if (!engine.running || healths.some((health) => health !== 'ready')) markFailed();
  if (json) await output.printJson(statusDocument(engine, services, workers));
  else await output.print(statusText(engine, services, workers, output));
}

function statusDocument(engine: EngineStatus, services: readonly StageProcess[], workers: readonly WorkerProcess[]) {
  const { kind, running, brokers, redisState, redisCache, parts, versions, dataDir, logsDir } = engine;
  return {
    engine: kind,
    running,
    brokers,
    redis: { state: redisState, cache: redisCache },
    parts: parts.map(({ part, pid, port, healthy }) => ({ name: part, pid, port, health: healthy ? 'ready' : 'down' })),
    services: services.map(({ service, port, logFile, report }) => ({ ...report, name: service, port, logFile })),
    workers,
    versions,
    dataDir,
    logsDir,
  };
}

function statusText(engine: EngineStatus, services: readonly StageProcess[], workers: readonly WorkerProcess[], { paint }: Output): string {
  if (engine.kind === null) return 'Nothing was ever started here; "labelstream up" starts everything.';
  const colour = { ready: paint.green, unready: paint.yellow, down: paint.red };
  const rows = [
    ...engine.parts.map(({ part, pid, port, healthy }) => row(part, healthy ? 'ready' : 'down', pid, port, '')),
    ...services.map(({ service, port, report }) => row(service, report.health, report.pid, port, String(report.lag))),
    ...workers.map(({ name, health, pid, port }) => row(name, health, pid, port, '')),
  ];
  function row(
    name: string,
    health: StageProcess['report']['health'],
    pid: number | undefined,
    port: number | undefined,
    lag: string,
  ): string[] {
    return [name, colour[health](health), String(pid ?? ''), String(port ?? ''), lag];
  }
  const columns = [
    { title: 'name' },
    { title: 'health' },
    { title: 'pid', align: 'right' },
    { title: 'port', align: 'right' },
    { title: 'lag', align: 'right' },
  ] as const;
  const hint = engine.running ? '' : '\n\nThe engine does not run; "labelstream up" starts what is missing.';
  return `${renderTable(columns, rows)}\n\n${paint.dim(`engine: ${engine.kind}, logs: ${engine.logsDir}`)}${hint}`;
}
