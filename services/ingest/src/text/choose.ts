import type { Listing } from '@labelstream/shared/events/product-event';

/** What Python's `str.strip` takes away, so that training and serving see the same text; JavaScript's `trim` differs in a few. */
const BLANK =
  /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** `text` without white space at its ends. A loop, because a pattern would take quadratic time on a long run of blanks. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANK.test(text.charAt(start))) start += 1;
  while (end > start && BLANK.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** The text that the model reads: the title, or the description where there is no title; empty when there is neither. */
export function chooseText({ title, description }: Pick<Listing, 'title' | 'description'>): string {
  return strip(title ?? '') || strip(description ?? '');
}

/** The listing as the records carry it: a text over the limit is cut to just above it, so that it is refused again and not carried along. */
export function carriedListing(listing: Listing, maxTextBytes: number): Listing {
  const { title, description, attributes, images, locale } = listing;
  return {
    ...(title === undefined ? {} : { title: cut(title, maxTextBytes) }),
    ...(description === undefined ? {} : { description: cut(description, maxTextBytes) }),
    attributes,
    images,
    ...(locale === undefined ? {} : { locale }),
  };
}

/** A UTF-16 unit takes at least one byte, so one unit more than the limit is over it. */
function cut(text: string, maxTextBytes: number): string {
  return Buffer.byteLength(text) <= maxTextBytes ? text : strip(text).slice(0, maxTextBytes + 1);
}
