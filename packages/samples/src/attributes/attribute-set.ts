import { articleOf, COLOURS, PATTERNS, type Pattern, STYLES, type Style, type Words } from '../catalogue.js';
import { splitOf, type TrainingTable, tableRow } from '../csv.js';
import type { SampleListing } from '../listing.js';
import { createRandom, type Random } from '../random.js';

/** What a title of the attribute set may tell, in the order of its columns. */
export const ATTRIBUTES = ['colour', 'pattern', 'style'] as const;
type Attribute = (typeof ATTRIBUTES)[number];

/**
 * Share of the titles that say each attribute; where a title says it, it is true. The picture always shows all three. After the MRWPA set
 * of CMA-CLIP (arXiv 2112.03562), whose texts tell the colour often, the pattern sometimes and the style hardly ever; the numbers are ours.
 */
export const MENTION_SHARES: Readonly<Record<Attribute, number>> = { colour: 0.9, pattern: 0.5, style: 0.1 };

/** A listing whose picture also shows a style. */
export interface AttributeListing extends SampleListing {
  readonly style: Style;
}

/** Garments with a free front, where the marks of a style have room. */
const ARTICLES: Words = ['Tshirts', 'Shirts', 'Skirts'];
const COLOUR_LABELS = COLOURS.map(({ label }) => label) as unknown as Words;
const EXTRAS: Words = ['Essential', 'Soft', 'Everyday', 'Cotton', 'Lightweight', 'Slim Fit', 'Regular Fit', 'Washable', 'New Season'];
const PATTERN_WORDS: Readonly<Record<Pattern, Words>> = {
  plain: ['Plain', 'Solid'],
  striped: ['Striped', 'Stripes'],
  checked: ['Checked', 'Check'],
  dotted: ['Dotted', 'Polka Dot'],
};
const INDEXES_PER_SEED = 100_000;
/** A larger share than the catalogue's: the set is for measuring. */
const VALIDATION_EVERY = 4;

function drawListing(seed: number, index: number): AttributeListing {
  const random = createRandom(seed, `attributes ${index}`);
  const { masterCategory, subCategory, articleType, genders, nouns } = articleOf(random.pick(ARTICLES));
  const gender = random.pick(genders);
  const [baseColour, pattern, style] = [random.pick(COLOUR_LABELS), random.pick(PATTERNS), random.pick(STYLES)];
  const said: Record<Attribute, string> = { colour: baseColour, pattern: random.pick(PATTERN_WORDS[pattern]), style };
  const words = ATTRIBUTES.filter((attribute) => random.chance(MENTION_SHARES[attribute])).map((attribute) => said[attribute]);
  return {
    id: String(seed * INDEXES_PER_SEED + index),
    title: titleOf(gender, words, random.pick(nouns), random),
    titleOmits: words.includes(baseColour) ? 'none' : 'baseColour',
    truth: { gender, masterCategory, subCategory, articleType, baseColour },
    pattern,
    style,
    sceneSeed: Math.floor(random.next() * 2 ** 32),
  };
}

/** Whatever is said stands in any order between the gender and the noun, with words that say nothing. */
function titleOf(gender: string, said: readonly string[], noun: string, random: Random): string {
  return [gender, ...random.shuffle([...said, ...random.shuffle(EXTRAS).slice(0, 2)]), noun].join(' ');
}

/** Draws `count` listings of a seed; listing `i` of a seed is the same whatever the count. */
export const drawAttributeListings = ({ seed, count }: { seed: number; count: number }): AttributeListing[] =>
  Array.from({ length: count }, (_, index) => drawListing(seed, index));

/** The columns of the set: its three tasks are named in `tasks.json` beside the table. */
export const ATTRIBUTE_TABLE: TrainingTable<AttributeListing> = {
  header: ['id', 'title', ...ATTRIBUTES, 'split'].join(','),
  tasks: ATTRIBUTES,
  row: ({ id, title, truth, pattern, style }) => tableRow([id, title, truth.baseColour, pattern, style, splitOf(title, VALIDATION_EVERY)]),
};
