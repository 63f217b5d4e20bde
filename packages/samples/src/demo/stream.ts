import { drawListings, recoloured, type SampleListing, type SampleTruth, withFullTitle } from '../listing.js';
import { createRandom } from '../random.js';
import type { DemoEvent } from './event.js';
import { DROPPED_STALE, deadLettered, type Expectation, LABELLED_TWICE, labelled, TOMBSTONE } from './expectation.js';
import { invalidBytes } from './invalid.js';
import { DEMO_KINDS, type DemoKind } from './kinds.js';

/** One message for the producer to send, and what should become of it. */
export interface DemoAction {
  /** 1..240: which listing of the demo it belongs to. */
  readonly listing: number;
  readonly kind: DemoKind;
  /** Message key: the product id, also where the message itself does not name it. */
  readonly key: string;
  /** An event to encode, or bytes to send as they are. */
  readonly payload: { readonly form: 'event'; readonly event: DemoEvent } | { readonly form: 'bytes'; readonly bytes: Uint8Array };
  readonly expected: Expectation;
  /** True labels; absent where the event should not be labelled. */
  readonly truth?: SampleTruth;
}

/** What a picture's file contains. */
export type DemoImageContent = 'drawing' | 'html' | 'truncated' | 'empty';

/** A picture that an event of the demo points to. */
export interface DemoImage {
  readonly fileName: string;
  readonly content: DemoImageContent;
  /** What is drawn. */
  readonly listing: SampleListing;
  /** True when the file must not be there before the late images are released. */
  readonly late: boolean;
}

export interface DemoStream {
  /** In the order in which to send them. */
  readonly actions: readonly DemoAction[];
  readonly images: readonly DemoImage[];
}

export interface DemoOptions {
  readonly seed: number;
  /** URI of the folder with the pictures, `file:///somewhere/images` for example. */
  readonly imageBaseUri: string;
  /** Put before the number of each product id; give every run its own, or the second run is stale. */
  readonly idPrefix?: string;
  /** Epoch milliseconds of the first event; each further one is a millisecond later. */
  readonly startAtMs: number;
}

/** One event of a listing, before it has a place in the stream. */
interface Draft {
  readonly version: number;
  readonly op: 'UPSERT' | 'DELETE';
  readonly listing: SampleListing;
  readonly says: 'both' | 'title' | 'image' | 'neither';
  readonly image: DemoImageContent;
  readonly late?: boolean;
  readonly expected: Expectation;
}

const draft = (listing: SampleListing, expected: Expectation, rest: Partial<Draft> = {}): Draft => ({
  version: 1,
  op: 'UPSERT',
  says: 'both',
  image: 'drawing',
  listing,
  expected,
  ...rest,
});

const COMPLETE = labelled('USED', 'USED');

/** The events of a listing in the order in which they are sent. */
const DRAFTS: Record<DemoKind, (listing: SampleListing) => Draft[]> = {
  complete: (listing) => [draft(listing, COMPLETE)],
  imageMissing: (listing) => [draft(listing, labelled('MISSING', 'USED'), { says: 'title' })],
  textMissing: (listing) => [draft(listing, labelled('USED', 'MISSING'), { says: 'image' })],
  imageIsHtml: (listing) => [draft(listing, labelled('FAILED', 'USED', 'IMAGE_NOT_AN_IMAGE'), { image: 'html' })],
  imageTruncated: (listing) => [draft(listing, labelled('FAILED', 'USED', 'IMAGE_NOT_DECODABLE'), { image: 'truncated' })],
  imageEmpty: (listing) => [draft(listing, labelled('FAILED', 'USED', 'IMAGE_NOT_AN_IMAGE'), { image: 'empty' })],
  imageLate: (listing) => [draft(listing, LABELLED_TWICE, { late: true })],
  update: (listing) => {
    const before = withFullTitle(listing);
    return [draft(before, COMPLETE), draft(recoloured(before), COMPLETE, { version: 2 })];
  },
  deleted: (listing) => [draft(listing, COMPLETE), draft(listing, TOMBSTONE, { version: 2, op: 'DELETE', says: 'neither' })],
  stale: (listing) => [draft(listing, COMPLETE, { version: 2 }), draft(recoloured(listing), DROPPED_STALE, { version: 1 })],
  notDecodable: (listing) => [draft(listing, deadLettered('EVENT_NOT_DECODABLE'), { says: 'title' })],
  noProductId: (listing) => [draft(listing, deadLettered('EVENT_NO_PRODUCT_ID'), { says: 'title' })],
  unknownOp: (listing) => [draft(listing, deadLettered('EVENT_UNKNOWN_OP'), { says: 'title' })],
  nothingToLabel: (listing) => [draft(listing, deadLettered('EVENT_EMPTY'), { says: 'neither' })],
};

/** A draft with its listing's number and its place in the stream. */
interface Placed {
  readonly number: number;
  readonly kind: DemoKind;
  readonly draft: Draft;
  readonly place: number;
}

/** Listings of all kinds, mixed; a second event of a listing comes at a random place after the first. */
function placeDrafts(seed: number): Placed[] {
  const random = createRandom(seed, 'demo stream');
  const rows = Object.entries(DEMO_KINDS) as [DemoKind, { listings: number }][];
  const kinds = random.shuffle(rows.flatMap(([kind, { listings }]) => Array.from({ length: listings }, () => kind)));
  const listings = drawListings({ seed, count: kinds.length });
  const placed = listings.flatMap((listing, index) => {
    const kind = kinds[index] ?? 'complete';
    return DRAFTS[kind](listing).map((each, turn) => ({
      number: index + 1,
      kind,
      draft: each,
      place: turn === 0 ? index : random.between(index + 0.01, listings.length),
    }));
  });
  return placed.sort((a, b) => a.place - b.place);
}

const fileNameOf = (key: string, version: number): string => `${key}-v${version}.jpg`;

function toEvent({ draft: { version, op, says, listing } }: Placed, key: string, occurredAt: number, baseUri: string): DemoEvent {
  const withTitle = says === 'both' || says === 'title';
  const withImage = says === 'both' || says === 'image';
  return {
    productId: key,
    version,
    op,
    ...(withTitle ? { title: listing.title, locale: 'en' } : {}),
    attributes: {},
    images: withImage ? [{ uri: `${baseUri.replace(/\/$/, '')}/${fileNameOf(key, version)}` }] : [],
    occurredAt,
  };
}

function toAction(placed: Placed, key: string, event: DemoEvent): DemoAction {
  const { number, kind, draft: each } = placed;
  const bytes = invalidBytes(kind, event, number);
  return {
    listing: number,
    kind,
    key,
    payload: bytes === undefined ? { form: 'event', event } : { form: 'bytes', bytes },
    expected: each.expected,
    ...(each.expected.outcome === 'labelled' ? { truth: each.listing.truth } : {}),
  };
}

/**
 * The demo's stream: 240 listings in 262 events ({@link DEMO_KINDS}), the same for the same options. Pure: the pictures it
 * points to are described in `images` and written by `adapters/demo-images.ts`.
 */
export function demoStream(options: DemoOptions): DemoStream {
  const { seed, imageBaseUri, idPrefix = 'demo-', startAtMs } = options;
  const actions: DemoAction[] = [];
  const images: DemoImage[] = [];
  for (const placed of placeDrafts(seed)) {
    const key = `${idPrefix}${String(placed.number).padStart(3, '0')}`;
    const event = toEvent(placed, key, startAtMs + actions.length, imageBaseUri);
    actions.push(toAction(placed, key, event));
    const { version, listing, image, late = false } = placed.draft;
    if (event.images.length > 0) images.push({ fileName: fileNameOf(key, version), content: image, listing, late });
  }
  return { actions, images };
}

/** The last word on each listing: of its events the one with the highest version. Keyed by message key, 240 entries. */
export function expectedAtEnd(actions: readonly DemoAction[]): Map<string, DemoAction> {
  const versionOf = ({ payload }: DemoAction): number => (payload.form === 'event' ? payload.event.version : 0);
  const last = new Map<string, DemoAction>();
  for (const action of actions) {
    const known = last.get(action.key);
    if (known === undefined || versionOf(action) > versionOf(known)) last.set(action.key, action);
  }
  return last;
}
