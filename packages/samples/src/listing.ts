import { ARTICLES, type Article, articleOf, type Gender, type Pattern, type Style } from './catalogue.js';
import { createRandom, type Random } from './random.js';
import { drawTitle, type TitleOmission } from './titles.js';

/** The true value of each task a sample listing is labelled for; season and usage have none. */
export interface SampleTruth {
  readonly gender: Gender;
  readonly masterCategory: string;
  readonly subCategory: string;
  readonly articleType: string;
  readonly baseColour: string;
}

/** One listing of the sample catalogue, before it is drawn. */
export interface SampleListing {
  /** Digits only, unique over seeds below 10,000 and indexes below 100,000. */
  readonly id: string;
  readonly title: string;
  readonly titleOmits: TitleOmission;
  readonly truth: SampleTruth;
  /** Known of every listing, though no task of the default model. */
  readonly pattern: Pattern;
  /** Absent in the catalogue; the picture then shows none. */
  readonly style?: Style;
  /** Seed of everything the picture varies: position, size, angle, shade, details. */
  readonly sceneSeed: number;
}

const INDEXES_PER_SEED = 100_000;
/** Patterned listings are the smaller part of a real catalogue. */
const PLAIN_SHARE = 0.4;

function drawPattern(article: Article, random: Random): Pattern {
  return random.chance(PLAIN_SHARE) ? 'plain' : random.pick(article.patterns);
}

function drawListing(seed: number, index: number, article: Article): SampleListing {
  const random = createRandom(seed, `listing ${index}`);
  const gender = random.pick(article.genders);
  const baseColour = random.pick(article.colours);
  const pattern = drawPattern(article, random);
  const { title, omits } = drawTitle({ article, gender, baseColour, pattern }, random);
  const { masterCategory, subCategory, articleType } = article;
  return {
    id: String(seed * INDEXES_PER_SEED + index),
    title,
    titleOmits: omits,
    truth: { gender, masterCategory, subCategory, articleType, baseColour },
    pattern,
    sceneSeed: Math.floor(random.next() * 2 ** 32),
  };
}

/**
 * Draws `count` listings of a seed. Articles take turns in an order shuffled per round, so that even a small catalogue
 * has every kind. Listing `i` of a seed is the same whatever the count.
 */
export function drawListings({ seed, count }: { seed: number; count: number }): SampleListing[] {
  const listings: SampleListing[] = [];
  for (let round = 0; listings.length < count; round += 1) {
    const order = createRandom(seed, `round ${round}`).shuffle(ARTICLES);
    for (const article of order.slice(0, count - listings.length)) listings.push(drawListing(seed, listings.length, article));
  }
  return listings;
}

/** The listing with a title that names its colour and its article. */
export function withFullTitle(listing: SampleListing): SampleListing {
  const { pattern, truth } = listing;
  const facts = { article: articleOf(truth.articleType), gender: truth.gender, baseColour: truth.baseColour, pattern };
  const { title, omits } = drawTitle(facts, createRandom(listing.sceneSeed, 'full title'), 'none');
  return { ...listing, title, titleOmits: omits };
}

/** The same article in another of its colours, named in a new title. */
export function recoloured(listing: SampleListing): SampleListing {
  const { articleType, baseColour } = listing.truth;
  const others = articleOf(articleType).colours.filter((colour) => colour !== baseColour);
  const next = createRandom(listing.sceneSeed, 'recoloured').shuffle(others)[0] ?? baseColour;
  return withFullTitle({ ...listing, truth: { ...listing.truth, baseColour: next } });
}
