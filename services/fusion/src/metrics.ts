import type { LabelledTask } from '@labelstream/shared/events/records';
import type { Caption } from '@labelstream/shared/model/caption-titles';
import { createRunMetrics, type RunMetrics } from '@labelstream/shared/observability/run-metrics';
import { Counter, Histogram, type Registry } from 'prom-client';
import { createServingMetrics, type ServingMetrics } from './serving/metrics.js';

/** What the fusion service counts beyond the worker loop's own metrics. */
export interface FusionMetrics extends RunMetrics, ServingMetrics {
  decided(labels: readonly LabelledTask[]): void;
  /** Whether the text of a labelled listing was taken for another's, and whether an image was preferred to one before it. */
  matched(what: { readonly mismatched: boolean; readonly reordered: boolean }): void;
  /** What became of a listing that a title was sought for; `failed`: the graphs refused the micro-batch. */
  suggested(outcome: Caption['kind'] | 'failed'): void;
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
  const mismatched = new Counter({
    name: 'labelstream_fusion_mismatched_total',
    help: 'Listings whose text and image do not belong together, and which are labelled from the image alone.',
    registers,
  });
  const reordered = new Counter({
    name: 'labelstream_fusion_reordered_total',
    help: 'Listings of several images that are labelled from a later one, because it fits the text better.',
    registers,
  });
  const suggested = new Counter({
    name: 'labelstream_fusion_suggested_titles_total',
    help: 'Listings that a title was sought for, by outcome: title, unsure (none is proposed), notFinite, failed.',
    labelNames: ['outcome'],
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
    ...createServingMetrics(registry),
    decided: (labels) => {
      for (const label of labels) {
        decisions.inc({ task: label.task, abstained: String(label.abstained) });
        confidence.observe({ task: label.task }, label.confidence);
      }
    },
    matched: (what) => {
      if (what.mismatched) mismatched.inc();
      if (what.reordered) reordered.inc();
    },
    suggested: (outcome) => suggested.inc({ outcome }),
    sentBack: () => sentBack.inc(),
    notFinite: () => notFinite.inc(),
  };
}
