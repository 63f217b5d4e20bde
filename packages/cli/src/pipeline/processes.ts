import { setTimeout as sleep } from 'node:timers/promises';
import { stopEngine } from '@labelstream/local/engine';
import type { EngineHandle } from '@labelstream/local/types';
import { createLifecycle, startOrRollBack } from '@labelstream/shared/stream/lifecycle';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import type { CliConfig } from '../config.js';
import { connect } from '../connect.js';
import { commandLog } from '../log.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { engineSettings, failure, isRunning, type StageProcess, stageProcesses, startStages, stopStages } from './stage-processes.js';

const WATCH_EVERY_MS = 500;

export interface ProcessPipelineDeps {
  /** Already running; ended by `stop` when `started` says that it was not running before. */
  readonly engine: EngineHandle;
  readonly config: CliConfig;
  readonly signal: AbortSignal;
}

/** Starts the topics and the four services, each its own process, on a running engine. What was started is ended again on failure. */
export async function openProcessPipeline(options: PipelineOptions, deps: ProcessPipelineDeps): Promise<Pipeline> {
  const { engine, config, signal } = deps;
  const { topicPrefix, partitions, log } = options;
  const { dataDir } = engine;
  const settings = { ...options.settings, ...engineSettings(engine), TOPIC_PARTITIONS: String(partitions) };
  const clientLog = commandLog(config.env);
  const lifecycle = createLifecycle(clientLog);
  return startOrRollBack(lifecycle, async () => {
    await lifecycle.open(
      'engine',
      async () => engine,
      async () => (engine.started ? stopEngine(dataDir, log) : undefined),
    );
    const connection = await lifecycle.open(
      'broker',
      () => connect({ ...config.env, ...settings, TOPIC_PREFIX: topicPrefix }),
      (opened) => opened.close(),
    );
    const { createBullmqRetryQueue } = await import('@labelstream/shared/adapters/bullmq/retry-queue');
    const retryQueue = await lifecycle.open(
      'retry queue',
      () => createBullmqRetryQueue({ url: engine.redisState, prefix: topicPrefix, log: clientLog }),
      (opened) => opened.close(),
    );
    await connection.ensureTopics();
    const { repositoryRoot } = config;
    const stages = await lifecycle.open(
      'services',
      () => startStages({ repositoryRoot, dataDir, topicPrefix, stages: STAGE_NAMES, settings, log, signal }),
      (started) => stopStages(dataDir, namesOf(started), log),
    );
    const watch = await lifecycle.open(
      'watch',
      async () => watchStages(stages, dataDir),
      async (watching) => watching.stop(),
    );
    return {
      engine: engine.kind,
      broker: connection.broker,
      codecs: connection.codecs,
      topics: connection.topics,
      topicPrefix,
      retryQueue,
      failed: watch.failed,
      reports: async () => (await stageProcesses(dataDir, namesOf(stages))).map(({ report }) => report),
      stop: () => lifecycle.close(),
    };
  });
}

const namesOf = (stages: readonly StageProcess[]) => stages.map(({ service }) => service);

/** Looks now and then whether every service still is the process that was started. */
function watchStages(stages: readonly StageProcess[], dataDir: string): { readonly failed: Promise<never>; stop(): void } {
  const stopping = new AbortController();

  async function watch(): Promise<never> {
    for (;;) {
      await sleep(WATCH_EVERY_MS, undefined, { signal: stopping.signal, ref: false });
      for (const { service, report, logFile } of stages) {
        if (!(await isRunning(dataDir, service, report.pid))) throw await failure(`The service ${service} has ended by itself`, logFile);
      }
    }
  }

  const failed = watch().catch((error: unknown) => (stopping.signal.aborted ? new Promise<never>(() => {}) : Promise.reject(error)));
  // Whoever races against it sees the failure; nobody has to.
  failed.catch(() => {});
  return { failed, stop: () => stopping.abort() };
}
