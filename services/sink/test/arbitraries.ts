import type { LabelledTask, PredictedListing } from '@labelstream/shared/events/records';
import type { InMessage } from '@labelstream/shared/ports/broker';
import fc from 'fast-check';

/** A predicted record with one task; everything not given is unremarkable. */
export function predicted(
  over: Partial<PredictedListing> & { label?: string; abstained?: boolean; generation?: number } = {},
): PredictedListing {
  const { label = 'Shirts', abstained = false, generation = 1, ...rest } = over;
  return {
    productId: 'p1',
    version: 1,
    revision: 0,
    op: 'UPSERT',
    lane: 'live',
    listing: { title: 'a shirt', attributes: {}, images: [] },
    occurredAt: 1000,
    receivedAt: 1000,
    image: { state: 'USED' },
    text: { state: 'USED' },
    labels: rest.op === 'DELETE' ? [] : [labelled('articleType', label, abstained)],
    mismatched: false,
    embedding: [],
    model: { encoder: 'e@000000000000', fusion: 'f@000000000000', generation },
    ...rest,
  };
}

export function labelled(task: string, label: string, abstained = false): LabelledTask {
  return { task, label, confidence: 0.9, abstained, alternatives: [], imageWeight: 0.5, textWeight: 0.5 };
}

export function message(lane: 'live' | 'backfill', offset: number, partition = 0): InMessage {
  return { topic: 't', lane, partition, offset, key: 'p1', value: null, headers: {}, timestampMs: 0, generation: 1 };
}

/** Records of a few products in which everything the guard looks at varies. */
export const anyPredicted: fc.Arbitrary<PredictedListing> = fc
  .record({
    productId: fc.constantFrom('p1', 'p2'),
    version: fc.integer({ min: 1, max: 4 }),
    revision: fc.integer({ min: 0, max: 2 }),
    generation: fc.integer({ min: 1, max: 2 }),
    op: fc.constantFrom('UPSERT', 'UPSERT', 'UPSERT', 'DELETE' as const),
    image: fc.constantFrom({ state: 'USED' as const }, { state: 'PENDING' as const }),
    label: fc.constantFrom('Shirts', 'Tshirts'),
    abstained: fc.boolean(),
    lane: fc.constantFrom('live' as const, 'backfill' as const),
  })
  .map((parts) => predicted(parts as Parameters<typeof predicted>[0]));
