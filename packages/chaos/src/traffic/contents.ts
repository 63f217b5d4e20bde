import { drawListings, type SampleListing, withFullTitle } from '@labelstream/samples/listing';

/** What can be in a picture's file. */
export type PictureContent = 'drawing' | 'html';

/** A file of the image store. */
export interface Picture {
  readonly fileName: string;
  readonly content: PictureContent;
  /** What is drawn. */
  readonly listing: SampleListing;
}

/** Texts and pictures that the products of a run share, so that the same content is labelled many times over. */
export interface Contents {
  readonly titles: readonly [string, ...string[]];
  readonly pictures: readonly [Picture, ...Picture[]];
  /** Pages in place of pictures. */
  readonly damaged: readonly [Picture, ...Picture[]];
}

const TITLES = 36;
const PICTURES = 30;
const DAMAGED = 4;

const atLeastOne = <T>(items: readonly T[]) => items as readonly [T, ...T[]];

/** The contents of a seed. */
export function drawContents(seed: number): Contents {
  const listings = drawListings({ seed, count: TITLES });
  const picture = (content: PictureContent) => (listing: SampleListing, i: number) => ({
    fileName: `${content}-${i}.jpg`,
    content,
    listing,
  });
  return {
    titles: atLeastOne([...new Set(listings.map((listing) => withFullTitle(listing).title))]),
    pictures: atLeastOne(listings.slice(0, PICTURES).map(picture('drawing'))),
    damaged: atLeastOne(listings.slice(0, DAMAGED).map(picture('html'))),
  };
}
