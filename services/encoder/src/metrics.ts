import type { ArchiverMetrics } from '@labelstream/shared/archive/archiver';
import { createRunMetrics, type RunMetrics } from '@labelstream/shared/observability/run-metrics';
import { Counter, Gauge, type Registry } from 'prom-client';

/** What the encoder counts beyond the worker loop's own metrics. */
export interface EncoderMetrics extends RunMetrics {
  /** Contents that need not be computed, because the cache or the same micro-batch has them, and those that were. */
  contents(modality: 'image' | 'text', counts: { readonly cached: number; readonly repeated: number; readonly computed: number }): void;
  sentBack(): void;
  readonly archive: ArchiverMetrics;
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
    archive: createArchiveMetrics(registry),
  };
}

function createArchiveMetrics(registry: Registry): ArchiverMetrics {
  const registers = [registry];
  const records = new Counter({
    name: 'labelstream_encoder_archive_records_total',
    help: 'Records for the token archive by what became of them: archived, known (archived before), lost (not archived).',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const objects = new Counter({
    name: 'labelstream_encoder_archive_objects_total',
    help: 'Objects stored in the token archive.',
    registers,
  });
  const bytes = new Counter({
    name: 'labelstream_encoder_archive_bytes_total',
    help: 'Bytes stored in the token archive, indexes included.',
    registers,
  });
  const failures = new Counter({
    name: 'labelstream_encoder_archive_failures_total',
    help: 'Attempts to store an object that failed and were repeated.',
    registers,
  });
  const buffered = new Gauge({
    name: 'labelstream_encoder_archive_buffered_bytes',
    help: 'What waits to be archived.',
    registers,
  });
  return {
    records: (kind, outcome, count) => records.inc({ kind, outcome }, count),
    stored: (sizeBytes) => {
      objects.inc();
      bytes.inc(sizeBytes);
    },
    failed: () => failures.inc(),
    buffered: (sizeBytes) => buffered.set(sizeBytes),
  };
}
