import { createHash } from 'node:crypto';
import { LabelstreamError } from '@labelstream/shared/errors';
import type { ProductEvent } from '@labelstream/shared/events/product-event';

/** What every listing gets from another one. */
export const SWAPS = ['text', 'image'] as const;
export type Swap = (typeof SWAPS)[number];

/** Parses `--swap`. Throws USAGE. */
export function parseSwap(text: string | undefined): Swap | undefined {
  const swap = SWAPS.find((each) => each === text);
  if (text !== undefined && swap === undefined) throw new LabelstreamError('USAGE', `--swap takes text or image, not "${text}".`);
  return swap;
}

/**
 * Gives every listing the text or the images of another one with another title, each used once where that can be had; who gets whose depends on
 * the product ids alone. A listing that none differs from keeps its own.
 */
export function swapListings(events: readonly ProductEvent[], what: Swap): ProductEvent[] {
  const partners = partnersOf(events);
  return events.map((event) => {
    const partner = partners.get(event) ?? event;
    if (what === 'image') return { ...event, images: partner.images };
    const { title: _, description: __, ...rest } = event;
    const { title, description } = partner;
    return { ...rest, ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) };
  });
}

function partnersOf(events: readonly ProductEvent[]): ReadonlyMap<ProductEvent, ProductEvent> {
  const place = new Map(events.map((event) => [event, createHash('sha256').update(`swap ${event.productId}`).digest('hex')]));
  const order = events.toSorted((a, b) => ((place.get(a) ?? '') < (place.get(b) ?? '') ? -1 : 1));
  return new Map(
    order.flatMap((event, at): [ProductEvent, ProductEvent][] => {
      // The next one in a random order; further on only where that has the same title.
      for (let step = 1; step < order.length; step++) {
        const partner = order[(at + step) % order.length];
        if (partner !== undefined && titleOf(partner) !== titleOf(event)) return [[event, partner]];
      }
      return [];
    }),
  );
}

const titleOf = ({ title, description }: ProductEvent) => title ?? description;
