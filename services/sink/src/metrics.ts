import { Counter, Histogram, type Registry } from 'prom-client';

/** What the sink counts beyond the worker loop's own metrics. */
export interface SinkMetrics {
  published(kind: 'labels' | 'tombstone'): void;
  changedTask(task: string, abstained: boolean): void;
  /** Arrival of the event in ingest → decision to publish its labels. */
  eventToLabel(lane: string, milliseconds: number): void;
  rebuilt(): void;
  /** A listing that was sent back, because it came from an older model than what was published of it before. */
  labelledAgain(): void;
}

export function createSinkMetrics(registry: Registry): SinkMetrics {
  const registers = [registry];
  const published = new Counter({
    name: 'labelstream_sink_published_total',
    help: 'Records published, labels or tombstones.',
    labelNames: ['kind'],
    registers,
  });
  const changes = new Counter({
    name: 'labelstream_sink_changed_tasks_total',
    help: 'Tasks whose label or abstention changed.',
    labelNames: ['task', 'abstained'],
    registers,
  });
  const latency = new Histogram({
    name: 'labelstream_event_to_label_seconds',
    help: 'Time from the arrival of an event in ingest to the decision to publish its labels.',
    labelNames: ['lane'],
    buckets: [0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 600],
    registers,
  });
  const rebuilds = new Counter({
    name: 'labelstream_sink_state_rebuilds_total',
    help: 'Times the published state was rebuilt from the label topic.',
    registers,
  });
  const labelledAgain = new Counter({
    name: 'labelstream_sink_labelled_again_total',
    help: 'Listings sent back to be labelled again: a newer version from an older model than the version before.',
    registers,
  });
  return {
    published: (kind) => published.inc({ kind }),
    changedTask: (task, abstained) => changes.inc({ task, abstained: String(abstained) }),
    eventToLabel: (lane, milliseconds) => latency.observe({ lane }, milliseconds / 1000),
    rebuilt: () => rebuilds.inc(),
    labelledAgain: () => labelledAgain.inc(),
  };
}
