import type { NewBackfill } from '@labelstream/backfill/job/backfill';
import type { BackfillStore } from '@labelstream/backfill/job/store';
import type { Json } from '@labelstream/backfill/kind';
import { openBackfillStore } from '@labelstream/backfill/open';
import type { RelabelSpec } from '@labelstream/backfill/relabel/spec';
import type { ListingsSpec } from '@labelstream/backfill/source/spec';
import { engineStatus } from '@labelstream/local/engine';
import { commonSettings, readConfig } from '@labelstream/shared/config';
import { LabelstreamError } from '@labelstream/shared/errors';
import { createLifecycle, startOrRollBack } from '@labelstream/shared/stream/lifecycle';
import { startBackfillProcesses } from '../pipeline/backfill-process.js';
import { openPipeline } from '../pipeline/open.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { engineSettings, stopStages } from '../pipeline/stage-processes.js';
import type { BenchOptions } from './options.js';

/** Four services, the worker and the stages for backfills, each a process of its own. */
export interface Deployment {
  readonly pipeline: Pipeline;
  readonly store: BackfillStore;
  /** Stops the services and the worker; what is in the topics and in Redis stays. */
  stop(): Promise<void>;
}

export interface DeploymentOptions extends Pick<BenchOptions, 'config' | 'log' | 'logger' | 'signal'> {
  readonly topicPrefix: string;
  readonly partitions: number;
  /** Environment variables of the services and of the worker. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Starts a deployment on the local engine. Throws ENGINE_UNAVAILABLE; what was started is then ended again. */
export async function openDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { config, topicPrefix, partitions, settings, log, logger, signal } = options;
  const { dataDir, repositoryRoot } = config;
  const lifecycle = createLifecycle(logger);
  return startOrRollBack(lifecycle, async () => {
    const pipeline = await lifecycle.open(
      'pipeline',
      () => openPipeline({ engine: 'auto', topicPrefix, partitions, settings, log, config, signal }),
      (opened) => opened.stop(),
    );
    if (pipeline.engine === 'memory') throw new LabelstreamError('ENGINE_UNAVAILABLE', 'in memory there is nothing to measure.');
    const addresses = engineSettings(await engineStatus(dataDir));
    await lifecycle.open(
      'processes for backfills',
      () => startBackfillProcesses({ repositoryRoot, dataDir, topicPrefix, settings: { ...settings, ...addresses }, log, signal }),
      (started) =>
        stopStages(
          dataDir,
          started.map(({ name }) => name),
          log,
        ),
    );
    const store = await lifecycle.open(
      'backfill store',
      () => openBackfillStore(readConfig(commonSettings, { ...config.env, ...addresses, TOPIC_PREFIX: topicPrefix }), logger),
      (opened) => opened.close(),
    );
    return { pipeline, store, stop: () => lifecycle.close() };
  });
}

/** A backfill of everything, as fast as flow control lets it. */
export function newBackfill(name: string, from: 'listings', spec: ListingsSpec): NewBackfill;
export function newBackfill(name: string, from: 'tokens', spec: RelabelSpec): NewBackfill;
export function newBackfill(name: string, from: 'listings' | 'tokens', spec: ListingsSpec | RelabelSpec): NewBackfill {
  return { name, from, spec: JSON.parse(JSON.stringify(spec)) as Json, priority: 50, maxErrors: 0 };
}
