import type { Entry } from './listing-file.js';
import type { RawRecord } from './row.js';
import type { TextRow } from './text-rows.js';

/** What stands in a line; undefined for a blank one. */
export function jsonEntry({ bytes, line, problem }: TextRow): Entry | undefined {
  const position = line;
  if (problem !== undefined) return { position, problem: 'the line is longer than any listing' };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { position, problem: 'not valid JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { position, problem: 'not a JSON object' };
  return { position, record: value as RawRecord };
}
