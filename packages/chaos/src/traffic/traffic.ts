import { createRandom, type Random } from '@labelstream/samples/random';
import type { Lane } from '@labelstream/shared/events/lane';
import type { ProductEvent } from '@labelstream/shared/events/product-event';
import type { Sent, SentListing } from '../checker/types.js';
import { drawBadEvent } from './bad-events.js';
import type { Contents } from './contents.js';

/** One message to send, and what is known of it afterwards. */
export interface TrafficMessage {
  readonly key: string;
  readonly lane: Lane;
  /** An event to encode, or bytes to send as they are. */
  readonly payload:
    | { readonly form: 'avro' | 'json'; readonly event: ProductEvent }
    | { readonly form: 'bytes'; readonly bytes: Uint8Array };
  readonly sent: Sent;
}

/** A stream of messages without an end, the same for the same seed. */
export interface Traffic {
  next(): TrafficMessage;
}

export interface TrafficOptions {
  readonly seed: number;
  readonly contents: Contents;
  /** Addresses under which a picture's file can be had; they take turns. */
  readonly imageUris: readonly [(fileName: string) => string, ...((fileName: string) => string)[]];
}

interface Version {
  readonly event: ProductEvent;
  readonly sent: SentListing;
}

interface Product {
  readonly id: string;
  readonly versions: Version[];
}

/** Shares of the kinds of messages; the rest are updates. */
const SHARES = { create: 0.4, delete: 0.08, repeat: 0.12, bad: 0.1 } as const;
/** Most events are of products that were touched lately, as these are still on their way. */
const RECENT = 25;
const RECENT_SHARE = 0.7;
const LIVE_SHARE = 0.65;
const MAX_VERSION_STEP = 3;

/** Creates, updates, deletes, repetitions of old and new versions, and bad events, over both lanes. */
export function createTraffic({ seed, contents, imageUris }: TrafficOptions): Traffic {
  const random = createRandom(seed, 'chaos traffic');
  const products: Product[] = [];
  let count = 0;

  function pickProduct(): Product {
    const from = random.chance(RECENT_SHARE) ? products.slice(-RECENT) : products;
    return from[random.index(from.length)] ?? createProduct();
  }

  function createProduct(): Product {
    const product = { id: `p${products.length}`, versions: [] };
    products.push(product);
    return product;
  }

  function draft(product: Product, op: 'UPSERT' | 'DELETE'): Version {
    const version = (product.versions.at(-1)?.sent.version ?? 0) + 1 + random.index(MAX_VERSION_STEP);
    const drawn = op === 'DELETE' ? NOTHING : drawContent(random, contents);
    const uri = imageUris[count % imageUris.length] ?? imageUris[0];
    const event: ProductEvent = {
      productId: product.id,
      version,
      op,
      ...(drawn.text === null ? {} : { title: drawn.text }),
      attributes: {},
      images: drawn.image === null ? [] : [{ uri: uri(drawn.image) }],
      occurredAt: count,
    };
    const made = { event, sent: { kind: 'listing', productId: product.id, version, op, ...drawn } } as const;
    product.versions.push(made);
    return made;
  }

  function message(product: Product, { event, sent }: Version): TrafficMessage {
    return { key: product.id, lane: lane(), payload: { form: random.chance(0.5) ? 'avro' : 'json', event }, sent };
  }

  const lane = (): Lane => (random.chance(LIVE_SHARE) ? 'live' : 'backfill');

  function bad(): TrafficMessage {
    const sent = drawBadEvent(random, count, pickProduct().id);
    return { key: sent.key, lane: lane(), payload: { form: 'bytes', bytes: sent.bytes }, sent };
  }

  function repeat(product: Product): TrafficMessage {
    return message(product, product.versions[random.index(product.versions.length)] ?? draft(product, 'UPSERT'));
  }

  function create(): TrafficMessage {
    const product = createProduct();
    return message(product, draft(product, 'UPSERT'));
  }

  const isDeleted = ({ versions }: Product) => versions.at(-1)?.sent.op === 'DELETE';

  return {
    next() {
      count += 1;
      const drawn = random.next();
      const below = (...shares: number[]) => drawn < shares.reduce((sum, share) => sum + share, 0);
      if (products.length === 0 || below(SHARES.create)) return create();
      if (below(SHARES.create, SHARES.bad)) return bad();
      const product = pickProduct();
      if (below(SHARES.create, SHARES.bad, SHARES.repeat)) return repeat(product);
      const deletes = below(SHARES.create, SHARES.bad, SHARES.repeat, SHARES.delete) && !isDeleted(product);
      return message(product, draft(product, deletes ? 'DELETE' : 'UPSERT'));
    },
  };
}

type Drawn = Pick<SentListing, 'text' | 'image' | 'imageAtEnd'>;

const NOTHING: Drawn = { text: null, image: null, imageAtEnd: 'MISSING' };

/** Complete listings mostly; some without an image, without a text, or with a page in place of the image. */
function drawContent(random: Random, { titles, pictures, damaged }: Contents): Drawn {
  const text = random.pick(titles);
  const drawn = random.next();
  if (drawn < 0.14) return { text, image: null, imageAtEnd: 'MISSING' };
  if (drawn < 0.22) return { text, image: random.pick(damaged).fileName, imageAtEnd: 'FAILED' };
  const image = random.pick(pictures).fileName;
  return { text: drawn < 0.32 ? null : text, image, imageAtEnd: 'USED' };
}
