import { createHash } from 'node:crypto';
import type { PreprocessSpec } from './manifest.js';

const ID_HEX_DIGITS = 12;

/** JSON with the keys of every object in alphabetical order, so that equal values give equal text. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

/** Names a preprocessing: equal for encoders that see the same pixels, so that they share the cached ones. */
export function preprocessId(spec: PreprocessSpec): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, ID_HEX_DIGITS);
}
