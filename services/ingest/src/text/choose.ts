import type { Listing } from '@labelstream/shared/events/product-event';

/** Code points that Python's `str.strip` takes away, so that training and serving see the same text; JavaScript's `trim` differs in a few. */
const BLANKS: ReadonlySet<number> = new Set([
  ...[0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680],
  ...[0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a],
  ...[0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
]);

/** `text` without white space at its ends. A loop, because a pattern would take quadratic time on a long run of blanks. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.has(text.charCodeAt(start))) start += 1;
  while (end > start && BLANKS.has(text.charCodeAt(end - 1))) end -= 1;
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
