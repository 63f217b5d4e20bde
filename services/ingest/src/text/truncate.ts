/** Characters first looked at per token that fits: words of the catalogue are far shorter. */
const CHARACTERS_PER_TOKEN = 32;
const GROWTH = 4;

/** Token ids of a text with begin and end token, not truncated. */
export type EncodeText = (text: string) => readonly number[];

/**
 * The first `contextLength` ids of a text, the last of them the end token. Only as much of the text is encoded as is needed, since encoding
 * all of a hostile one takes seconds; words are encoded apart from each other, so a cut between two words changes nothing before it.
 */
export function encodeTruncated(encode: EncodeText, text: string, contextLength: number, endTokenId: number): readonly number[] {
  for (let characters = contextLength * CHARACTERS_PER_TOKEN; ; characters *= GROWTH) {
    const part = firstWords(text, characters);
    const ids = encode(part);
    if (ids.length > contextLength) return [...ids.slice(0, contextLength - 1), endTokenId];
    if (part.length === text.length) return ids;
  }
}

/** At most `characters` of the text, cut before a white space where there is one in the second half, and never within a surrogate pair. */
function firstWords(text: string, characters: number): string {
  if (text.length <= characters) return text;
  for (let at = characters; at > characters / 2; at -= 1) {
    if (isSpace(text, at) && !isSpace(text, at - 1)) return text.slice(0, at);
  }
  return text.slice(0, /[\ud800-\udbff]/.test(text.charAt(characters - 1)) ? characters - 1 : characters);
}

const isSpace = (text: string, at: number) => /\s/.test(text.charAt(at));
