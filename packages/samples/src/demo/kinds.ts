/** Seed of the demo's catalogue; training uses others. */
export const DEMO_SEED = 7;

/**
 * The demo's 240 listings by kind: one row a kind, `listings` of it, each sending `eventsEach` events.
 * A listing is one product, or one event that names none. Σ listings = 240, Σ listings × eventsEach = 262.
 */
export const DEMO_KINDS = {
  /** Title and image, both good. */
  complete: { listings: 146, eventsEach: 1 },
  /** No image at all: labelled from the text. */
  imageMissing: { listings: 20, eventsEach: 1 },
  /** No text at all: labelled from the image. */
  textMissing: { listings: 20, eventsEach: 1 },
  /** The image URI serves an HTML page: labelled from the text, image FAILED. */
  imageIsHtml: { listings: 6, eventsEach: 1 },
  /** The image breaks off in the middle: labelled from the text, image FAILED. */
  imageTruncated: { listings: 6, eventsEach: 1 },
  /** The image has 0 bytes: labelled from the text, image FAILED. */
  imageEmpty: { listings: 4, eventsEach: 1 },
  /** The image is not there yet: labelled from the text, and again when it has arrived. */
  imageLate: { listings: 8, eventsEach: 1 },
  /** Version 2 has another colour, title and image: labelled twice. */
  update: { listings: 10, eventsEach: 2 },
  /** Version 2 deletes the product: labelled, then a tombstone. */
  deleted: { listings: 6, eventsEach: 2 },
  /** Version 1 comes after version 2: labelled once, the older one dropped. */
  stale: { listings: 6, eventsEach: 2 },
  /** Neither Avro nor JSON: dead letter. */
  notDecodable: { listings: 2, eventsEach: 1 },
  /** No product id: dead letter. */
  noProductId: { listings: 2, eventsEach: 1 },
  /** An operation that does not exist: dead letter. */
  unknownOp: { listings: 2, eventsEach: 1 },
  /** Neither text nor image: dead letter. */
  nothingToLabel: { listings: 2, eventsEach: 1 },
} as const satisfies Record<string, { listings: number; eventsEach: 1 | 2 }>;

export type DemoKind = keyof typeof DEMO_KINDS;

/** What comes out of the demo when every promise holds; follows from {@link DEMO_KINDS} and is checked against it by a test. */
export const DEMO_TOTALS = {
  listings: 240,
  events: 262,
  /** Events that end labelled; an image that arrives late makes its event pass twice. */
  labelledEvents: 242,
  tombstones: 6,
  droppedStale: 6,
  deadLetters: 8,
  /** Products with labels at the end: all but the deleted and the dead letters. */
  labelledProducts: 226,
} as const;
