import { describeError } from '@labelstream/shared/errors';
import type { Codec, Codecs } from '@labelstream/shared/ports/codec';
import type { StageName } from '@labelstream/shared/stream/stage';

/** Original bytes as a human reads them, and what they are. */
export interface Body {
  readonly form: 'json' | 'avro' | 'hex';
  readonly text: string;
  /** Why it is shown as hex. */
  readonly why?: string;
}

const HEX_BYTES = 256;
const HEX_ROW_BYTES = 16;
/** What is nested deeper is no listing, and its indentation would be larger than itself. */
const MAX_DEPTH = 64;
/** A list of bare numbers or words, each on a line of its own. */
const BARE_LIST = /\[\n\s+(?:[^\s"[\]{},]+,\n\s+)*[^\s"[\]{},]+\n\s*\]/g;
/** Characters that could move a cursor, break a line or hide; the line breaks of the indentation are not among them. */
const UNSAFE = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu;

/** Shows the bytes of a dead letter: as JSON, as Avro of the topic that its stage reads, else as a hex dump of their beginning. */
export async function showBody(bytes: Uint8Array, stage: StageName, codecs: Codecs): Promise<Body> {
  const json = indentJson(bytes);
  if (json !== null) return { form: 'json', text: json };
  try {
    const record = await codecOf(stage, codecs).decode(bytes);
    return { form: 'avro', text: safe(JSON.stringify(record, null, 2).replace(BARE_LIST, onOneLine)) };
  } catch (error) {
    return { form: 'hex', text: hexDump(bytes), why: describeError(error) };
  }
}

function codecOf(stage: StageName, codecs: Codecs): Codec<unknown> {
  const { productEvent, prepared, encoded, predicted } = codecs;
  return { ingest: productEvent, encoder: prepared, fusion: encoded, sink: predicted }[stage];
}

const onOneLine = (list: string) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']');

/** Escapes as JSON does, so that a document stays the same document. */
function safe(text: string): string {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(UNSAFE, (char) => char.split('').map(escaped).join(''));
}

/**
 * JSON bytes, indented. Only white space is changed: numbers and repeated keys, which may be the very fault, stay as they were written.
 * Null where the bytes are no JSON, or nested too deeply.
 */
export function indentJson(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    JSON.parse(text);
    return indent(text);
  } catch {
    return null;
  }
}

const isOpening = (token: string | undefined) => token === '{' || token === '[';
const isClosing = (token: string) => token === '}' || token === ']';

function indent(text: string): string | null {
  const pieces: string[] = [];
  let depth = 0;
  for (const token of tokensOf(text)) {
    const before = pieces.at(-1);
    if (isClosing(token)) depth -= 1;
    // Something empty stays on one line.
    if (before === ',' || isOpening(before) !== isClosing(token)) pieces.push(lineBreak(depth));
    pieces.push(token === ':' ? ': ' : token);
    if (isOpening(token)) depth += 1;
    if (depth > MAX_DEPTH) return null;
  }
  return safe(pieces.join(''));
}

const lineBreak = (depth: number) => `\n${'  '.repeat(depth)}`;

/** Tokens of valid JSON: a sign, a text, or a bare word or number. */
function* tokensOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = endOfToken(text, at);
    const token = text.slice(at, end);
    if (!/^\s/.test(token)) yield token;
    at = end;
  }
}

function endOfToken(text: string, at: number): number {
  if (/[{}[\],:\s]/.test(text.charAt(at))) return at + 1;
  if (text.charAt(at) === '"') return endOfText(text, at);
  let end = at;
  while (end < text.length && !/[{}[\],:\s]/.test(text.charAt(end))) end += 1;
  return end;
}

function endOfText(text: string, at: number): number {
  let end = at + 1;
  while (text.charAt(end) !== '"') end += text.charAt(end) === '\\' ? 2 : 1;
  return end + 1;
}

/** Offset, bytes and what of them is ASCII, 16 a row, of the first 256 bytes. */
export function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < Math.min(bytes.length, HEX_BYTES); at += HEX_ROW_BYTES) {
    const row = [...bytes.subarray(at, Math.min(at + HEX_ROW_BYTES, HEX_BYTES))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(HEX_ROW_BYTES * 3 - 1)}  ${ascii}`);
  }
  return [...rows, ...(bytes.length > HEX_BYTES ? [`… ${bytes.length - HEX_BYTES} more bytes`] : [])].join('\n');
}
