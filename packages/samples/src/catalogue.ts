/** What the sample catalogue can contain: articles with their taxonomy labels, colours and patterns. */

export type Gender = 'Men' | 'Women' | 'Unisex';
export type Pattern = 'plain' | 'striped' | 'checked' | 'dotted';
/** Only listings of the attribute set have one. */
export type Style = 'Casual' | 'Sporty' | 'Formal' | 'Boho' | 'Utility';

/** Some text to choose from; never empty. */
export type Words = readonly [string, ...string[]];

/** A colour label and the range of colours it is drawn in. */
export interface Colour {
  /** The label, as the public fashion catalogue writes it. */
  readonly label: string;
  /** Hue in degrees, saturation and lightness in percent. */
  readonly hsl: readonly [number, number, number];
  /** Largest step away from `hsl` in each of the three, so that neighbouring colours never meet. */
  readonly jitter: readonly [number, number, number];
}

/** One kind of article: its labels and what its titles and pictures may vary. */
export interface Article {
  readonly masterCategory: string;
  readonly subCategory: string;
  readonly articleType: string;
  readonly genders: readonly [Gender, ...Gender[]];
  /** Words that name the article in a title. */
  readonly nouns: Words;
  /** Words of this article that tell neither its colour nor its kind. */
  readonly extras: Words;
  readonly colours: Words;
  readonly patterns: readonly [Pattern, ...Pattern[]];
}

export const PATTERNS = ['plain', 'striped', 'checked', 'dotted'] as const satisfies readonly Pattern[];

export const STYLES = ['Casual', 'Sporty', 'Formal', 'Boho', 'Utility'] as const satisfies readonly Style[];

export const COLOURS = [
  { label: 'Black', hsl: [220, 5, 11], jitter: [20, 4, 3] },
  { label: 'White', hsl: [50, 8, 95], jitter: [30, 5, 2] },
  { label: 'Grey', hsl: [215, 3, 57], jitter: [20, 3, 7] },
  { label: 'Navy Blue', hsl: [223, 52, 21], jitter: [6, 8, 3] },
  { label: 'Blue', hsl: [212, 68, 50], jitter: [8, 10, 6] },
  { label: 'Turquoise Blue', hsl: [180, 62, 48], jitter: [4, 8, 5] },
  { label: 'Green', hsl: [136, 52, 37], jitter: [10, 10, 5] },
  { label: 'Olive', hsl: [72, 34, 28], jitter: [5, 5, 3] },
  { label: 'Yellow', hsl: [50, 92, 57], jitter: [4, 6, 4] },
  { label: 'Orange', hsl: [24, 92, 54], jitter: [4, 6, 4] },
  { label: 'Red', hsl: [0, 76, 46], jitter: [4, 8, 4] },
  { label: 'Maroon', hsl: [350, 58, 23], jitter: [5, 6, 3] },
  { label: 'Pink', hsl: [335, 76, 72], jitter: [8, 10, 5] },
  { label: 'Purple', hsl: [276, 46, 42], jitter: [8, 8, 6] },
  { label: 'Brown', hsl: [25, 46, 29], jitter: [5, 7, 4] },
  { label: 'Beige', hsl: [38, 40, 78], jitter: [4, 6, 3] },
] as const satisfies readonly Colour[];

const ALL_COLOURS = COLOURS.map((colour) => colour.label) as unknown as Words;
const ALL_PATTERNS = PATTERNS;
const LEATHER: Words = ['Black', 'Brown', 'Maroon', 'Beige', 'Navy Blue', 'Red', 'White', 'Grey'];
const CLOTH_EXTRAS: Words = ['Classic', 'Essential', 'Basic', 'Slim Fit', 'Regular Fit', 'Soft', 'Everyday', 'Cotton', 'Lightweight'];
const SHOE_EXTRAS: Words = ['Classic', 'Essential', 'Comfort', 'Everyday', 'Lightweight', 'Soft'];
const BAG_EXTRAS: Words = ['Classic', 'Essential', 'Everyday', 'Compact', 'Large', 'Weekend'];
const SMALL_EXTRAS: Words = ['Classic', 'Essential', 'Basic', 'Slim', 'Everyday', 'Modern'];

type Kind = readonly [masterCategory: string, subCategory: string, articleType: string];

function article(kind: Kind, genders: Article['genders'], nouns: Words, rest: Pick<Article, 'extras'> & Partial<Article>): Article {
  const [masterCategory, subCategory, articleType] = kind;
  return { masterCategory, subCategory, articleType, genders, nouns, colours: ALL_COLOURS, patterns: ['plain'], ...rest };
}

const cloth = { extras: CLOTH_EXTRAS, patterns: ALL_PATTERNS };
const shoes = { extras: SHOE_EXTRAS };
const bags = { extras: BAG_EXTRAS };
const small = { extras: SMALL_EXTRAS };

/** Every article of the sample catalogue; labels as the public fashion catalogue writes them. */
export const ARTICLES: readonly Article[] = [
  article(['Apparel', 'Topwear', 'Tshirts'], ['Men', 'Women'], ['T-shirt', 'Tshirt', 'T-Shirt'], cloth),
  article(['Apparel', 'Topwear', 'Shirts'], ['Men', 'Women'], ['Shirt'], cloth),
  article(['Apparel', 'Bottomwear', 'Jeans'], ['Men', 'Women'], ['Jeans'], {
    extras: ['Classic', 'Slim Fit', 'Regular Fit', 'Washed', 'Basic', 'Essential'],
    colours: ['Blue', 'Navy Blue', 'Black', 'Grey'],
  }),
  article(['Apparel', 'Bottomwear', 'Trousers'], ['Men'], ['Trousers', 'Trouser'], {
    extras: CLOTH_EXTRAS,
    colours: ['Black', 'Grey', 'Navy Blue', 'Brown', 'Beige', 'Olive', 'White', 'Maroon'],
    patterns: ['plain', 'striped', 'checked'],
  }),
  article(['Apparel', 'Bottomwear', 'Shorts'], ['Men', 'Women'], ['Shorts'], cloth),
  article(['Apparel', 'Dress', 'Dresses'], ['Women'], ['Dress'], cloth),
  article(['Apparel', 'Bottomwear', 'Skirts'], ['Women'], ['Skirt'], cloth),
  article(['Footwear', 'Shoes', 'Casual Shoes'], ['Men'], ['Casual Shoes', 'Shoes', 'Casual Shoe'], shoes),
  article(['Footwear', 'Shoes', 'Heels'], ['Women'], ['Heels'], shoes),
  article(['Footwear', 'Sandal', 'Sandals'], ['Men'], ['Sandals', 'Sandal'], { ...shoes, colours: LEATHER }),
  article(['Footwear', 'Flip Flops', 'Flip Flops'], ['Men', 'Women'], ['Flip Flops', 'Flip Flop'], shoes),
  article(['Accessories', 'Bags', 'Handbags'], ['Women'], ['Handbag'], { ...bags, patterns: ['plain', 'plain', 'striped', 'dotted'] }),
  article(['Accessories', 'Bags', 'Backpacks'], ['Unisex'], ['Backpack'], { ...bags, patterns: ['plain', 'plain', 'checked', 'dotted'] }),
  article(['Accessories', 'Wallets', 'Wallets'], ['Men', 'Women'], ['Wallet'], { ...small, colours: [...LEATHER, 'Pink', 'Green'] }),
  article(['Accessories', 'Headwear', 'Caps'], ['Unisex'], ['Cap'], small),
  article(['Accessories', 'Watches', 'Watches'], ['Men', 'Women'], ['Watch'], small),
  article(['Accessories', 'Eyewear', 'Sunglasses'], ['Men', 'Women'], ['Sunglasses'], small),
  article(['Accessories', 'Ties', 'Ties'], ['Men'], ['Tie'], { ...small, patterns: ALL_PATTERNS }),
  article(['Accessories', 'Belts', 'Belts'], ['Men', 'Women'], ['Belt'], { ...small, colours: [...LEATHER, 'Olive', 'Pink'] }),
  article(['Accessories', 'Socks', 'Socks'], ['Men'], ['Socks'], {
    extras: ['Classic', 'Essential', 'Basic', 'Everyday', 'Cotton', 'Soft', 'Comfort'],
    patterns: ALL_PATTERNS,
  }),
];

/** The colour of a label; throws when no colour has it. */
export function colourOf(label: string): Colour {
  const found = COLOURS.find((colour) => colour.label === label);
  if (!found) throw new RangeError(`no sample colour is called ${label}`);
  return found;
}

/** The article of a type; throws when the sample catalogue has none. */
export function articleOf(articleType: string): Article {
  const found = ARTICLES.find((article) => article.articleType === articleType);
  if (!found) throw new RangeError(`no sample article is called ${articleType}`);
  return found;
}
