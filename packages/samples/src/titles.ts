import type { Article, Gender, Pattern, Words } from './catalogue.js';
import type { Random } from './random.js';

/** Which fact a title leaves to the picture. */
export type TitleOmission = 'none' | 'baseColour' | 'articleType';

/** What a title may say. */
export interface TitleFacts {
  readonly article: Article;
  readonly gender: Gender;
  readonly baseColour: string;
  readonly pattern: Pattern;
}

/** Shares of titles without their colour or their article word, so that only the picture can tell. */
const COLOUR_OMITTED_SHARE = 0.16;
const ARTICLE_OMITTED_SHARE = 0.12;
const GENDER_OMITTED_SHARE = 0.06;
const POSSESSIVE_SHARE = 0.15;
const EXTRA_SHARE = 0.55;
const SOLID_SHARE = 0.08;

const PATTERN_WORDS: Record<Exclude<Pattern, 'plain'>, Words> = {
  striped: ['Striped', 'Striped', 'Stripes'],
  checked: ['Checked', 'Check', 'Checks'],
  dotted: ['Dotted', 'Polka Dot', 'Dots'],
};

/** g gender, x extra words, p pattern, c colour, n article noun: orders seen in the titles of a fashion catalogue. */
const ORDERS = ['gpcxn', 'gxpcn', 'gcpxn', 'gxcpn', 'gpxcn', 'xgpcn', 'gcxpn'] as const;
type Part = 'g' | 'x' | 'p' | 'c' | 'n';

function drawOmission(random: Random): TitleOmission {
  const draw = random.next();
  if (draw < COLOUR_OMITTED_SHARE) return 'baseColour';
  return draw < COLOUR_OMITTED_SHARE + ARTICLE_OMITTED_SHARE ? 'articleType' : 'none';
}

function genderWord(gender: Gender, random: Random): string {
  if (random.chance(GENDER_OMITTED_SHARE)) return '';
  return gender !== 'Unisex' && random.chance(POSSESSIVE_SHARE) ? `${gender}'s` : gender;
}

function patternWord(pattern: Pattern, random: Random): string {
  if (pattern === 'plain') return random.chance(SOLID_SHARE) ? 'Solid' : '';
  return random.pick(PATTERN_WORDS[pattern]);
}

/**
 * A title in the style of a fashion catalogue, without any brand: "Men Striped Navy Blue Slim Fit Shirt".
 * Says the gender most of the time and never names a colour or an article other than the true one. What is left out is drawn,
 * unless `omits` says it.
 */
export function drawTitle(
  facts: TitleFacts,
  random: Random,
  omits: TitleOmission = drawOmission(random),
): { title: string; omits: TitleOmission } {
  // A title without its article word keeps an extra word, so that it never shrinks to "Men Black".
  const withExtra = omits === 'articleType' || random.chance(EXTRA_SHARE);
  const words: Record<Part, string> = {
    g: genderWord(facts.gender, random),
    x: withExtra ? random.pick(facts.article.extras) : '',
    p: patternWord(facts.pattern, random),
    c: omits === 'baseColour' ? '' : facts.baseColour,
    n: omits === 'articleType' ? '' : random.pick(facts.article.nouns),
  };
  const order = random.pick(ORDERS);
  const title = [...order].map((part) => words[part as Part]).filter((word) => word !== '');
  return { title: title.join(' '), omits };
}
