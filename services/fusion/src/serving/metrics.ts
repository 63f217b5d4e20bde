import type { LabelledTask } from '@labelstream/shared/events/records';
import type { TaskReport } from '@labelstream/shared/model/serving/comparison-report';
import type { Serving } from '@labelstream/shared/model/serving/document';
import { Counter, Gauge, type Registry } from 'prom-client';

/** What fusion counts of the heads that it serves. */
export interface ServingMetrics {
  /** What is served from now on. */
  serving(what: Serving): void;
  /** What became of a change: it is served, or cannot be. */
  switched(outcome: 'switched' | 'failed'): void;
  labelledBy(head: 'active' | 'canary'): void;
  /** Listings that the shadow was to look at. */
  shadowed(outcome: 'compared' | 'skipped' | 'failed', listings: number): void;
  compared(active: readonly LabelledTask[], shadow: readonly LabelledTask[]): void;
  drifted(tasks: readonly TaskReport[]): void;
}

export function createServingMetrics(registry: Registry): ServingMetrics {
  const registers = [registry];
  const generation = new Gauge({
    name: 'labelstream_fusion_generation',
    help: 'Generation of the head that is served, by head: active or canary.',
    labelNames: ['head'],
    registers,
  });
  const canaryShare = new Gauge({
    name: 'labelstream_fusion_canary_ratio',
    help: 'Share of the products that the canary labels.',
    registers,
  });
  const switches = new Counter({
    name: 'labelstream_fusion_switches_total',
    help: 'Changes of what is served, by outcome: switched, failed (the one before goes on).',
    labelNames: ['outcome'],
    registers,
  });
  const labelled = new Counter({
    name: 'labelstream_fusion_labelled_total',
    help: 'Listings labelled, by head: active or canary.',
    labelNames: ['head'],
    registers,
  });
  return {
    serving: ({ active, canary }) => {
      generation.set({ head: 'active' }, active.generation);
      if (canary === undefined) generation.remove({ head: 'canary' });
      else generation.set({ head: 'canary' }, canary.generation);
      canaryShare.set((canary?.percent ?? 0) / 100);
    },
    switched: (outcome) => switches.inc({ outcome }),
    labelledBy: (head) => labelled.inc({ head }),
    ...createShadowMetrics(registers),
  };
}

function createShadowMetrics(registers: Registry[]): Pick<ServingMetrics, 'shadowed' | 'compared' | 'drifted'> {
  const listings = new Counter({
    name: 'labelstream_fusion_shadow_listings_total',
    help: 'Listings for the shadow, by outcome: compared, skipped (it was still at earlier ones), failed.',
    labelNames: ['outcome'],
    registers,
  });
  const compared = new Counter({
    name: 'labelstream_fusion_shadow_compared_total',
    help: 'Listings that active and shadow head answered, per task, and whether their most likely labels agree.',
    labelNames: ['task', 'agreed'],
    registers,
  });
  const given = new Counter({
    name: 'labelstream_fusion_shadow_given_total',
    help: 'Of these, listings that a head gave a label for and did not abstain, by head: active or shadow.',
    labelNames: ['task', 'head'],
    registers,
  });
  const difference = new Gauge({
    name: 'labelstream_fusion_shadow_confidence_difference',
    help: "Mean of the shadow's confidence less the active head's, since the shadow began.",
    labelNames: ['task'],
    registers,
  });
  const drift = new Gauge({
    name: 'labelstream_fusion_shadow_confidence_drift',
    help: 'Population stability index of the two confidences over tenths; above 0.25 is usually called a shift.',
    labelNames: ['task'],
    registers,
  });
  return {
    shadowed: (outcome, count) => listings.inc({ outcome }, count),
    compared: (active, shadow) => {
      const byTask = new Map(shadow.map((label) => [label.task, label]));
      for (const { task, label, abstained } of active) {
        const theirs = byTask.get(task);
        if (theirs === undefined) continue;
        compared.inc({ task, agreed: String(theirs.label === label) });
        given.inc({ task, head: 'active' }, Number(!abstained));
        given.inc({ task, head: 'shadow' }, Number(!theirs.abstained));
      }
    },
    drifted: (tasks) => {
      for (const { task, meanConfidenceDifference, confidenceDrift } of tasks) {
        difference.set({ task }, meanConfidenceDifference);
        drift.set({ task }, confidenceDrift);
      }
    },
  };
}
