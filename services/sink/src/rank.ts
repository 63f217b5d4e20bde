import type { ModalityState } from '@labelstream/shared/events/records';

/**
 * How new and how well informed a record of a product is. Compared field by field, in this order: a newer listing beats an older one,
 * a newer model beats an older one on the same listing, a later revision beats an earlier one of the same model, and of two passes of the
 * same revision (ingest is at-least-once, so an image may be there the second time) the one that saw more modalities wins, and of two that saw
 * as many the one that no longer waits for an image.
 */
export interface Rank {
  readonly version: number;
  readonly generation: number;
  readonly revision: number;
  /** Modalities used, 0, 1 or 2, and a half where no image is waited for. */
  readonly evidence: number;
}

const ORDER = ['version', 'generation', 'revision', 'evidence'] as const;

/** Negative when `a` is older than `b`, positive when newer, 0 when of equal rank. */
export function compareRank(a: Rank, b: Rank): number {
  for (const field of ORDER) if (a[field] !== b[field]) return a[field] - b[field];
  return 0;
}

/** The rank of a record on its way to the label topic. */
export function rankOf(record: {
  readonly version: number;
  readonly revision: number;
  readonly model: { readonly generation: number };
  readonly image: { readonly state: ModalityState };
  readonly text: { readonly state: ModalityState };
}): Rank {
  return {
    version: record.version,
    generation: record.model.generation,
    revision: record.revision,
    evidence: evidenceOf(record.image.state, record.text.state),
  };
}

const SETTLED = 0.5;

/** How much of what there is to see a label was made from. */
export const evidenceOf = (image: ModalityState, text: ModalityState) =>
  Number(image === 'USED') + Number(text === 'USED') + (image === 'PENDING' ? 0 : SETTLED);
