import type { ProductEvent } from '@labelstream/shared/events/product-event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSwap, swapListings } from '../../src/source/swap.js';

const event = (productId: string, title?: string): ProductEvent => ({
  productId,
  version: 1,
  op: 'UPSERT',
  attributes: {},
  images: [{ uri: `file:///${productId}.jpg` }],
  occurredAt: 0,
  ...(title === undefined ? {} : { title }),
});
const catalogue = Array.from({ length: 50 }, (_, at) => event(`p${at}`, `title ${at}`));

describe('--swap', () => {
  it('takes text or image', () => {
    expect([parseSwap('text'), parseSwap('image'), parseSwap(undefined)]).toEqual(['text', 'image', undefined]);
    for (const text of ['both', '']) expect(() => parseSwap(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  it('gives every listing the text of another one, each used once, and leaves its image', () => {
    const swapped = swapListings(catalogue, 'text');
    expect(swapped.map(({ productId, images }) => [productId, images])).toEqual(
      catalogue.map(({ productId, images }) => [productId, images]),
    );
    for (const [at, { title }] of swapped.entries()) expect(title).not.toBe(catalogue[at]!.title);
    expect(swapped.map(({ title }) => title).sort()).toEqual(catalogue.map(({ title }) => title).sort());
  });

  it('gives every listing the image of another one, and leaves its text', () => {
    const swapped = swapListings(catalogue, 'image');
    expect(swapped.map(({ title }) => title)).toEqual(catalogue.map(({ title }) => title));
    for (const [at, { images }] of swapped.entries()) expect(images).not.toEqual(catalogue[at]!.images);
  });

  it('does the same again, in whatever order the listings come', () => {
    const byId = (events: readonly ProductEvent[]) => new Map(events.map(({ productId, title }) => [productId, title]));
    expect(byId(swapListings(catalogue.toReversed(), 'text'))).toEqual(byId(swapListings(catalogue, 'text')));
  });

  it('never gives the same title, unless all have it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('shirt', 'shoe', 'belt'), { maxLength: 12 }), (titles) => {
        const events = titles.map((title, at) => event(`p${at}`, title));
        const kinds = new Set(titles).size;
        for (const [at, { title }] of swapListings(events, 'text').entries()) expect(title === titles[at]).toBe(kinds === 1);
      }),
    );
  });

  it('takes a listing without text as it is: whoever gets its text has none', () => {
    const swapped = swapListings([event('a'), event('b', 'shirt')], 'text');
    expect(swapped[0]).toMatchObject({ title: 'shirt' });
    expect(swapped[1]).not.toHaveProperty('title');
  });
});
