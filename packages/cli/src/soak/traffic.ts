import { drawListings } from '@labelstream/samples/listing';
import { createRandom } from '@labelstream/samples/random';
import type { Lane } from '@labelstream/shared/events/lane';
import type { ProductEvent } from '@labelstream/shared/events/product-event';

/** One event to send. */
export interface SoakMessage {
  readonly lane: Lane;
  readonly event: ProductEvent;
  /** Number of the picture that must be there before the event is sent; null where it points to none. */
  readonly picture: number | null;
}

/** What became of the events. */
export interface SoakCounts {
  readonly sent: number;
  readonly labelled: number;
  readonly deleted: number;
}

/** Events of a fixed number of products, again and again. A product has one event under way at most, so each is heard of once. */
export interface SoakTraffic {
  /** Null while every product has an event under way. */
  next(): SoakMessage | null;
  /** A label or, with `isTombstone`, a deletion was published. What was heard before changes nothing. */
  heard(productId: string, version: number, isTombstone: boolean): void;
  underWay(): number;
  counts(): SoakCounts;
}

export interface SoakTrafficOptions {
  readonly seed: number;
  readonly products: number;
  readonly pictureUri: (picture: number) => string;
}

const TITLES = 240;
const LIVE_SHARE = 2 / 3;
const DELETE_SHARE = 0.05;
const NO_PICTURE_SHARE = 0.1;
const NO_TITLE_SHARE = 0.1;

/**
 * Creates, updates, deletes and creates again, over both lanes. Each title and each picture is new, so that no cache answers for it. The
 * products take turns in the order in which they were heard of.
 */
export function createSoakTraffic({ seed, products, pictureUri }: SoakTrafficOptions): SoakTraffic {
  const random = createRandom(seed, 'soak traffic');
  const titles = drawListings({ seed, count: TITLES }).map(({ title }) => title);
  const versions = new Map<string, number>();
  const live = new Set<string>();
  const underWay = new Map<string, 'UPSERT' | 'DELETE'>();
  const free = Array.from({ length: products }, (_, i) => `soak-${i}`);
  const counts = { sent: 0, labelled: 0, deleted: 0 };

  function content(number: number): Pick<ProductEvent, 'title' | 'images'> {
    const drawn = random.next();
    const image = drawn < NO_PICTURE_SHARE ? [] : [{ uri: pictureUri(number) }];
    const hasTitle = drawn < 1 - NO_TITLE_SHARE;
    return { images: image, ...(hasTitle ? { title: `${titles[random.index(titles.length)]} ${number}` } : {}) };
  }

  return {
    next() {
      const productId = free.shift();
      if (productId === undefined) return null;
      const version = (versions.get(productId) ?? 0) + 1;
      const op = live.has(productId) && random.chance(DELETE_SHARE) ? 'DELETE' : 'UPSERT';
      const number = counts.sent;
      const said = op === 'DELETE' ? { images: [] } : content(number);
      counts.sent += 1;
      versions.set(productId, version);
      underWay.set(productId, op);
      return {
        lane: random.chance(LIVE_SHARE) ? 'live' : 'backfill',
        event: { productId, version, op, attributes: {}, occurredAt: Date.now(), ...said },
        picture: said.images.length === 0 ? null : number,
      };
    },
    heard(productId, version, isTombstone) {
      const op = underWay.get(productId);
      if (op === undefined || version !== versions.get(productId) || isTombstone !== (op === 'DELETE')) return;
      underWay.delete(productId);
      free.push(productId);
      if (isTombstone) live.delete(productId);
      else live.add(productId);
      counts[isTombstone ? 'deleted' : 'labelled'] += 1;
    },
    underWay: () => underWay.size,
    counts: () => ({ ...counts }),
  };
}
