import type { Compression } from './listing-file.js';
import type { ListingFormat } from './spec.js';

/** What a file is, as its name says. */
export type FileType =
  | { readonly type: 'listings'; readonly format: ListingFormat; readonly compression: Compression }
  | { readonly type: 'picture' | 'tar' | 'manifest' | 'unknown' };

const FORMATS: Readonly<Record<string, ListingFormat>> = {
  csv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
  avro: 'avro',
};
const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: 'gzip', zst: 'zstd' };
const LISTINGS = /\.(?<format>csv|jsonl|ndjson|parquet|avro)(?:\.(?<compression>gz|zst))?$/i;
const COMPRESSED = /\.(?<compression>gz|zst)$/i;
const PICTURE = /\.(jpe?g|png|webp|gif|avif)$/i;

export const KNOWN_NAMES = '.csv, .jsonl, .parquet and .avro files (text also as .gz or .zst)';

/** What a file of this name is; `format` is given for all that are listings. */
export function fileType(name: string, format?: ListingFormat): FileType {
  if (format !== undefined) return typed(format, COMPRESSED.exec(name)?.groups?.compression);
  const found = LISTINGS.exec(name)?.groups;
  const named = FORMATS[found?.format?.toLowerCase() ?? ''];
  if (named !== undefined) return typed(named, found?.compression);
  if (PICTURE.test(name)) return { type: 'picture' };
  if (/\.tar$/i.test(name)) return { type: 'tar' };
  return { type: /\.(txt|json)$/i.test(name) ? 'manifest' : 'unknown' };
}

function typed(format: ListingFormat, extension: string | undefined): FileType {
  const compression = COMPRESSIONS[extension?.toLowerCase() ?? ''] ?? 'none';
  const isText = format === 'csv' || format === 'jsonl';
  return isText || compression === 'none' ? { type: 'listings', format, compression } : { type: 'unknown' };
}

/** Files that other programs leave beside the data: `_SUCCESS`, `.crc`. */
export const isHidden = (uri: string): boolean => /(^|\/)[._][^/]*$/.test(uri);

/** Whether a name is a pattern: `*` and `?` stand for anything within a folder, `**` for folders as well. */
export const isPattern = (uri: string): boolean => /[*?]/.test(uri);

/** The folder below which a pattern's files are. */
export function folderOfPattern(pattern: string): string {
  const fixed = pattern.slice(0, pattern.search(/[*?]/));
  return fixed.slice(0, fixed.lastIndexOf('/') + 1);
}

export function patternToRegExp(pattern: string): RegExp {
  const source = pattern
    .replaceAll(/[\\^$+.()|[\]{}]/g, '\\$&')
    .replaceAll(/\*\*\/|\*\*|\*|\?/g, (wildcard) => ({ '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' })[wildcard] ?? wildcard);
  return new RegExp(`^${source}$`, 's');
}
