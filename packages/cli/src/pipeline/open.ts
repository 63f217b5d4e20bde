import { startEngine } from '@labelstream/local/engine';
import type { EngineHandle } from '@labelstream/local/types';
import { isLabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES } from '@labelstream/shared/stream/stage';
import { type CliConfig, readCliConfig } from '../config.js';
import { loadServices } from '../services.js';
import { openMemoryPipeline } from './memory.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { openProcessPipeline } from './processes.js';

export interface OpenPipelineOptions extends PipelineOptions {
  /** Default: read from the environment of this process. */
  readonly config?: CliConfig;
  /** Aborts the opening; what was started is ended again. */
  readonly signal?: AbortSignal;
}

const NOT_DURABLE = [
  '',
  '!!! RUNNING IN MEMORY: NOTHING IS DURABLE !!!',
  '!!! All four services share this one process, without Kafka and Redis. When it ends, or is killed, everything is lost,',
  '!!! and what it shows of speed and of failures says little about the real pipeline.',
];

/**
 * Starts the four services on an engine and returns when all are ready. `auto`: Docker where an engine answers, else native processes,
 * and where neither can be had, memory.
 *
 * @throws ENGINE_UNAVAILABLE with what to install or with the last words of a service that failed; CONFIG_INVALID
 */
export async function openPipeline(options: OpenPipelineOptions): Promise<Pipeline> {
  const { config = readCliConfig(), signal = new AbortController().signal } = options;
  const engine = await chooseEngine(options, config);
  signal.throwIfAborted();
  if (engine !== 'memory') return openProcessPipeline(options, { engine, config, signal });
  for (const line of NOT_DURABLE) options.log(line);
  return openMemoryPipeline(options, { services: await loadServices(STAGE_NAMES), env: config.env, signal });
}

async function chooseEngine({ engine, log }: PipelineOptions, { dataDir }: CliConfig): Promise<EngineHandle | 'memory'> {
  if (engine === 'memory') return 'memory';
  try {
    return await startEngine({ engine, dataDir, log });
  } catch (error) {
    if (engine !== 'auto' || !isLabelstreamError(error, 'ENGINE_UNAVAILABLE')) throw error;
    log(error.message);
    return 'memory';
  }
}
