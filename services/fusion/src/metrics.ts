import type { LabelledTask } from '@labelstream/shared/events/records';
import { createRunMetrics, type RunMetrics } from '@labelstream/shared/observability/run-metrics';
import { Counter, Histogram, type Registry } from 'prom-client';

/** What the fusion service counts beyond the worker loop's own metrics. */
export interface FusionMetrics extends RunMetrics {
  decided(labels: readonly LabelledTask[]): void;
  sentBack(): void;
  /** A listing that the graph gave no finite answer for. */
  notFinite(): void;
}

export function createFusionMetrics(registry: Registry): FusionMetrics {
  const registers = [registry];
  const decisions = new Counter({
    name: 'labelstream_fusion_decisions_total',
    help: 'Decisions per task, and whether the task abstained.',
    labelNames: ['task', 'abstained'],
    registers,
  });
  const confidence = new Histogram({
    name: 'labelstream_fusion_confidence_ratio',
    help: 'Calibrated confidence of the most likely label.',
    labelNames: ['task'],
    buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99],
    registers,
  });
  const sentBack = new Counter({
    name: 'labelstream_fusion_sent_back_total',
    help: 'Listings sent back to be prepared again, because their token sequences were not in the cache or of another encoder.',
    registers,
  });
  const notFinite = new Counter({ name: 'labelstream_fusion_not_finite_total', help: 'Listings with NaN or infinite scores.', registers });
  return {
    ...createRunMetrics(registry, 'fusion'),
    decided: (labels) => {
      for (const label of labels) {
        decisions.inc({ task: label.task, abstained: String(label.abstained) });
        confidence.observe({ task: label.task }, label.confidence);
      }
    },
    sentBack: () => sentBack.inc(),
    notFinite: () => notFinite.inc(),
  };
}
