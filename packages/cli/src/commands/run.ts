import { commonSettings, readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { createLog } from '@labelstream/shared/observability/log';
import type { Service } from '@labelstream/shared/service/service';
import type { StartServiceDeps } from '@labelstream/shared/service/start-service';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples, parseStages } from '../command.js';
import { addressedEnv } from '../connect.js';
import { loadServices } from '../services.js';

/** `labelstream run`: any set of stages in this process, until it is told to stop. */
export function runCommand(deps: CommandDeps): Command {
  return new Command('run')
    .description(
      `Run stages (${STAGE_NAMES.join(', ')}) in this process until Ctrl-C or SIGTERM. Settings come from the environment; without KAFKA_BROKERS the local engine is used. The log goes to stdout, one JSON document a line.`,
    )
    .argument('<stage...>', `stages by name, or "all"`)
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      examples(['run all', 'the whole pipeline in one process'], ['run ingest sink', 'two stages here, the others elsewhere']),
    )
    .action((stages: string[], { dataDir }: { dataDir: string }) => run(stages, dataDir, deps));
}

async function run(names: readonly string[], dataDir: string, { config, signal }: CommandDeps): Promise<void> {
  const stages = names.includes('all') ? STAGE_NAMES : parseStages(names);
  if (names.includes('all') && names.length > 1) throw new LabelstreamError('USAGE', 'Give either "all" or names of stages.');
  const env = await addressedEnv(config.env, dataDir);
  const settings = readConfig(commonSettings, env);
  const log = createLog({ name: 'labelstream', level: settings.LOG_LEVEL });
  try {
    await work(await loadServices(stages), { settings, env, log, signal });
  } catch (error) {
    // Told to stop while it was still waiting for Kafka or Redis: that is no failure.
    if (!signal.aborted) throw error;
  }
  log.info('stopped');
}

async function work(services: readonly Service[], deps: Omit<StartServiceDeps, 'name'>): Promise<void> {
  const { startServices } = await import('@labelstream/shared/service/start-service');
  const { guardProcess } = await import('@labelstream/shared/service/guard-process');
  const guard = guardProcess('labelstream', deps.settings, deps.log);
  try {
    const running = await startServices(services, { name: 'labelstream', ...deps });
    guard.watch(running.healthy);
    try {
      await Promise.race([aborted(deps.signal), running.failed]);
    } finally {
      await running.stop();
    }
  } finally {
    guard.close();
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
