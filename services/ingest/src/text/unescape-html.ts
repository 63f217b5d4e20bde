import { HTML_ENTITIES } from './html-entities.js';

const REFERENCE = /&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/gu;
/** Nothing shorter has a name. */
const LEAST_NAME = 2;
const LAST_CODE_POINT = 0x10ffff;
const REPLACEMENT = '\ufffd';
const DELETE = 0x7f;
/** What a browser makes of 0x80..0x9f: Windows-1252, and the number itself where that has a gap. */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/** The character that a byte 0x80..0x9f was meant to be. */
export const fromWindows1252 = (code: number): string => WINDOWS_1252.charAt(code - 0x80);

/** Resolves the character references of HTML as Python's `html.unescape` does: by the standard's rules, also without a semicolon. */
export function unescapeHtml(text: string): string {
  return text.includes('&') ? text.replace(REFERENCE, (reference) => resolve(reference.slice(1)) ?? reference) : text;
}

/** The text of a numeric reference, `#8364;` or `#x20AC`. */
export function numericReference(body: string): string {
  const digits = body.replace(/;$/, '').slice(1);
  const code = /^[xX]/.test(digits) ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
  if (code === 0 || code > LAST_CODE_POINT || (code >= 0xd800 && code <= 0xdfff)) return REPLACEMENT;
  if (code === 0x0d) return '\r';
  if (code >= 0x80 && code <= 0x9f) return fromWindows1252(code);
  return isNoCharacter(code) ? '' : String.fromCodePoint(code);
}

/** Control characters and code points that are none. */
function isNoCharacter(code: number): boolean {
  const isControl = (code < 0x20 && ![0x09, 0x0a, 0x0c].includes(code)) || code === DELETE;
  return isControl || (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}

/** What a reference without its ampersand stands for; undefined where that is nothing. */
function resolve(body: string): string | undefined {
  if (body.startsWith('#')) return numericReference(body);
  if (body.endsWith(';')) {
    const whole = HTML_ENTITIES.get(body.slice(0, -1));
    if (whole !== undefined) return whole.text;
  }
  for (let end = body.length; end >= LEAST_NAME; end -= 1) {
    const start = HTML_ENTITIES.get(body.slice(0, end));
    if (start?.countsWithoutSemicolon === true) return start.text + body.slice(end);
  }
  return undefined;
}
