import { createHash } from 'node:crypto';
import type { Drop } from '@labelstream/backfill/source/event';
import { LabelstreamError } from '@labelstream/shared/errors';

/** Decides per product which modality is taken away. */
export type DropPlan = (productId: string) => Drop;

/**
 * Parses `--drop`: `image`, `text`, or `mixed:SHARE`, where the given share of listings loses one modality, half of them the image and half
 * the text, never both (the protocol of "Missing-aware prompts", CVPR 2023). Which listing loses what depends on its id alone.
 *
 * @throws USAGE
 */
export function parseDrop(text: string | undefined): DropPlan {
  if (text === undefined) return () => 'none';
  if (text === 'image' || text === 'text') return () => text;
  const share = Number(/^mixed:(\d*\.?\d+)$/.exec(text)?.[1] ?? Number.NaN);
  if (!(share >= 0 && share <= 1))
    throw new LabelstreamError('USAGE', `--drop takes image, text or mixed:SHARE with a share from 0 to 1, not "${text}".`);
  return (productId) => {
    const position = uniform(productId);
    if (position >= share) return 'none';
    return position < share / 2 ? 'image' : 'text';
  };
}

/** A number in [0, 1) that depends on the text alone. */
function uniform(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}
