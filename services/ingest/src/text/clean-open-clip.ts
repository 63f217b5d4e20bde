import { HTML_ENTITIES } from './html-entities.js';
import { fromWindows1252, numericReference, unescapeHtml } from './unescape-html.js';

/** Python's white space, without control characters that are gone by then. */
const BLANKS = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
/** Sets the colours of a terminal. */
const TERMINAL_ESCAPE = new RegExp(`${String.fromCharCode(27)}\\[[\\p{Nd};]*[a-zA-Z]`, 'gu');
/** Control characters that are neither white space nor C1, and others that do not show. */
const UNSEEN = /(?![\t\n\f\r\u0080-\u009f])\p{Cc}|[\u206a-\u206f\ufeff\ufff9-\ufffc]/gu;
const WHOLE_REFERENCE = /&#?[0-9A-Za-z]{1,24};/g;
/** Markup that was escaped again and again is resolved so many times; what is left after that is no text. */
const MOST_ROUNDS = 8;

/** What ftfy does to the characters of a line, in its order. */
const STEPS: readonly ((line: string) => string)[] = [
  // C1 control characters were meant as Windows-1252.
  (line) => line.replace(/[\u0080-\u009f]/g, (char) => fromWindows1252(char.charCodeAt(0))),
  // Ligatures and digraphs of Latin letters, and full or half width.
  (line) => line.replace(/[ĲĳŉǄ-ǌǱ-ǳﬀ-ﬄﬆ\uff01-\uffef\u3000]/g, (char) => char.normalize('NFKC')).replaceAll('ﬅ', 'ſt'),
  (line) => line.replace(/[\u201c-\u201f]/g, '"').replace(/[\u02bc\u2018-\u201b]/g, "'"),
  // Halves of a surrogate pair.
  (line) => line.replace(/[\ud800-\udfff]/gu, '\ufffd'),
  (line) => line.replace(TERMINAL_ESCAPE, '').replace(UNSEEN, ''),
  (line) => line.normalize('NFC'),
];

/**
 * A text as open_clip's tokeniser cleans it before it looks for words: characters repaired as ftfy does, references of HTML resolved, runs
 * of white space made one, lower case. Not done: ftfy's repair of text that was decoded in a wrong encoding ("cafÃ©").
 */
export function cleanOpenClip(text: string): string {
  const repaired = unescapeHtml(unescapeHtml(repair(text)));
  return repaired.replace(BLANKS, ' ').replace(/^ | $/g, '').toLowerCase();
}

/** Line by line; from the first one with a `<` on, the text is taken for markup, whose references stay for now. */
function repair(text: string): string {
  const lines = text.split('\n');
  const firstMarkup = lines.findIndex((line) => line.includes('<'));
  return lines.map((line, at) => repairLine(line, firstMarkup >= 0 && at >= firstMarkup)).join('\n');
}

function repairLine(line: string, isMarkup: boolean): string {
  let now = line;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const before = now;
    const resolved = isMarkup ? now : now.replace(WHOLE_REFERENCE, resolveWhole);
    now = STEPS.reduce((current, step) => step(current), resolved);
    if (now === before) break;
  }
  return now;
}

/** Only references with their semicolon; also names that were put into capitals (`&EACUTE;`), where that is no other name. */
function resolveWhole(reference: string): string {
  const body = reference.slice(1);
  const name = body.slice(0, -1);
  const known = HTML_ENTITIES.get(name);
  if (known !== undefined) return known.text;
  if (body.startsWith('#')) return /^#(?:\d+|[xX][0-9a-fA-F]+);$/.test(body) ? numericReference(body) : reference;
  const lower = name === name.toUpperCase() ? HTML_ENTITIES.get(name.toLowerCase()) : undefined;
  return lower !== undefined && unescapeHtml(reference) === reference ? lower.text.toUpperCase() : reference;
}
