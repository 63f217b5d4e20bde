/** A word of a text, and the tokens that the model reads of it. */
export interface Word {
  readonly word: string;
  /** First token and the one after the last, special tokens counted; equal where the text was cut before the word. */
  readonly from: number;
  readonly to: number;
}

/** Each text is put between one begin and one end token. */
const SPECIAL = 2;

/**
 * The words of a text, as white space parts them, with their tokens. Tokenisers read words apart from each other, so the tokens of the text
 * up to a word's end are the first ones of the whole.
 *
 * @param countTokens tokens of a text, begin and end token included, cut to what the model reads
 */
export function splitWords(text: string, countTokens: (text: string) => number): Word[] {
  const read = countTokens(text) - SPECIAL;
  let from = 1;
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => {
    const upTo = countTokens(text.slice(0, index + word.length)) - SPECIAL;
    const to = Math.max(from, 1 + Math.min(read, upTo));
    const found = { word, from, to };
    from = to;
    return found;
  });
}
