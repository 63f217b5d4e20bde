import { createLog } from '@labelstream/shared/observability/log';
import { createMemoryContext } from '@labelstream/shared/service/memory-context';
import { runServices } from '@labelstream/shared/service/run-services';
import type { Service } from '@labelstream/shared/service/service';
import type { Env } from '../config.js';
import type { Pipeline, PipelineOptions } from './pipeline.js';
import { reportOf } from './report.js';

export interface MemoryPipelineDeps {
  readonly services: readonly Service[];
  readonly env: Env;
  readonly signal: AbortSignal;
}

/** Only what ends a stage is worth a line between those of the progress, unless more is asked for. */
const QUIET = 'fatal';

/** Runs the services in this process over memory. Nothing is durable: when the process ends, all of it is gone. */
export async function openMemoryPipeline(options: PipelineOptions, { services, env, signal }: MemoryPipelineDeps): Promise<Pipeline> {
  const { topicPrefix, partitions, settings } = options;
  const all: Env = { ...env, ...settings, TOPIC_PREFIX: topicPrefix, TOPIC_PARTITIONS: String(partitions) };
  const log = createLog({ name: 'labelstream', level: env.LOG_LEVEL || QUIET, destination: process.stderr });
  const labelsFormat = all.LABELS_FORMAT === 'json' ? 'json' : 'avro';
  const context = await createMemoryContext({ log, topicPrefix, labelsFormat });
  const running = await runServices(services, context, { env: all, signal });
  return {
    engine: 'memory',
    broker: context.broker,
    codecs: context.codecs,
    topics: context.topics,
    topicPrefix,
    retryQueue: context.retryQueue,
    failed: running.failed,
    async reports() {
      const metricsText = await context.metrics.metrics();
      return running.status().map((status) => reportOf(status, process.pid, metricsText));
    },
    async stop() {
      await running.stop();
      await context.retryQueue.close();
      await context.broker.close();
      await Promise.all([context.cache.close(), context.state.close()]);
    },
  };
}
