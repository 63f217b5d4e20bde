import { createRunMetrics, type RunMetrics } from '@labelstream/shared/observability/run-metrics';
import { Counter, type Registry } from 'prom-client';

/** What the encoder counts beyond the worker loop's own metrics. */
export interface EncoderMetrics extends RunMetrics {
  /** Contents that need not be computed, because the cache or the same micro-batch has them, and those that were. */
  contents(modality: 'image' | 'text', counts: { readonly cached: number; readonly repeated: number; readonly computed: number }): void;
  sentBack(): void;
}

export function createEncoderMetrics(registry: Registry): EncoderMetrics {
  const registers = [registry];
  const contents = new Counter({
    name: 'labelstream_encoder_contents_total',
    help: 'Images and texts by how their token sequences were come by: cached, repeated in the micro-batch, computed.',
    labelNames: ['modality', 'how'],
    registers,
  });
  const sentBack = new Counter({
    name: 'labelstream_encoder_sent_back_total',
    help: 'Listings sent back to be prepared again, because their pixels had left the cache.',
    registers,
  });
  return {
    ...createRunMetrics(registry, 'encoder'),
    contents: (modality, counts) => {
      for (const [how, count] of Object.entries(counts)) contents.inc({ modality, how }, count);
    },
    sentBack: () => sentBack.inc(),
  };
}
