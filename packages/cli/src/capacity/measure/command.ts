import { LabelstreamError } from '@labelstream/shared/errors';
import type { CommandDeps } from '../../command.js';
import { sourcePlan } from '../../demo/source-plan.js';
import { openPipeline } from '../../pipeline/open.js';
import { dataFolder } from '../../source/data-folder.js';
import type { SourceFlags } from '../../source/options.js';
import type { MeasureReport } from './run.js';

export interface MeasureFlags extends Partial<SourceFlags> {
  readonly liveRate: number;
  readonly seconds: number;
  readonly window: number;
  readonly partitions: number;
  readonly seed: number;
}

/** Starts a pipeline of its own, measures it, and stops it. */
export async function measure(flags: MeasureFlags, { config, output, signal }: CommandDeps): Promise<MeasureReport> {
  const { source, images, limit } = flags;
  if (source === undefined) throw new LabelstreamError('USAGE', 'capacity measure needs listings: add --source FILE.');
  const plan = await sourcePlan({
    source,
    drop: () => 'none',
    cacheDirectory: `${dataFolder(config)}/images`,
    ...(images === undefined ? {} : { images }),
    ...(limit === undefined ? {} : { limit }),
  });
  const pipeline = await openPipeline({
    engine: 'auto',
    topicPrefix: `capacity-${Date.now().toString(36)}.`,
    partitions: flags.partitions,
    settings: plan.imageRoot === undefined ? {} : { IMAGE_FILE_ROOT: plan.imageRoot },
    log: output.note,
    config,
    signal,
  });
  try {
    if (pipeline.engine === 'memory') throw new LabelstreamError('ENGINE_UNAVAILABLE', 'in memory there is nothing to measure.');
    const { measurePipeline } = await import('./run.js');
    const { liveRate: livePerSecond, ...rest } = flags;
    return await measurePipeline({ ...rest, livePerSecond, pipeline, plan, dataDir: config.dataDir, log: output.note, signal });
  } finally {
    await pipeline.stop();
  }
}
