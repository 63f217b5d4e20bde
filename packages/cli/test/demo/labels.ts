import type { LabelledTask, ProductLabels } from '@labelstream/shared/events/records';

/** Labels of one task; everything not given is unremarkable. */
export function labels(over: Partial<ProductLabels> = {}, task: Partial<LabelledTask> = {}): ProductLabels {
  return {
    productId: 'a',
    version: 1,
    revision: 0,
    labels: [
      {
        task: 'articleType',
        label: 'Shirts',
        confidence: 0.9,
        abstained: false,
        alternatives: [],
        imageWeight: 0.25,
        textWeight: 0.75,
        ...task,
      },
    ],
    image: 'USED',
    text: 'USED',
    mismatched: false,
    changedTasks: ['articleType'],
    model: { encoder: 'e@000000000000', fusion: 'f@000000000000', generation: 1 },
    lane: 'live',
    labelledAt: 0,
    occurredAt: 0,
    receivedAt: 0,
    ...over,
  };
}
