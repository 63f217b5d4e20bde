import { LabelstreamError } from '@labelstream/shared/errors';
import type { ColumnMapping } from './spec.js';

/** One listing of a source file. */
export interface SourceRow {
  readonly productId: string;
  readonly title?: string;
  readonly description?: string;
  /** URI, or path under the image folder; absent when the row does not name one. */
  readonly image?: string;
  readonly version: number;
  /** Every other column: a column named like a task is the truth of `--evaluate`, never an input. */
  readonly columns: Readonly<Record<string, string>>;
}

/** A row as its file has it, by column. */
export type RawRecord = Readonly<Record<string, unknown>>;

const FIELDS = ['productId', 'title', 'description', 'image', 'version'] as const;
type Field = (typeof FIELDS)[number];

/** Columns that hold a field: the one that is named for it, else the one of its own name; `id` is a second name of `productId`. */
export function columnsOf(field: Field, mapping: ColumnMapping = {}): readonly string[] {
  const named = mapping[field];
  if (named !== undefined) return [named];
  return field === 'productId' ? ['productId', 'id'] : [field];
}

/** Every column that a row is made of. */
export const columnsOfRow = (mapping?: ColumnMapping): string[] => FIELDS.flatMap((field) => columnsOf(field, mapping));

/**
 * Reads the fields of a listing from a record: `id` or `productId`, `title?`, `description?`, `image?`, `version?`, or the columns named for
 * them.
 *
 * @param fallbackVersion the version of rows that name none
 * @throws SOURCE_INVALID saying what is wrong, without the place
 */
export function toRow(record: RawRecord, fallbackVersion: number, mapping?: ColumnMapping): SourceRow {
  const field = (name: Field) => firstText(record, columnsOf(name, mapping));
  const productId = field('productId');
  if (productId === undefined) throw wrong(`the row has no ${namesOf(mapping)}`);
  const own = new Set(columnsOfRow(mapping));
  const columns = Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (own.has(name) || textOf(value) === undefined ? [] : [[name, String(value)]])),
  );
  return {
    productId,
    version: versionOf(field('version'), columnsOf('version', mapping)[0]) ?? fallbackVersion,
    columns,
    ...optional('title', field('title')),
    ...optional('description', field('description')),
    ...optional('image', field('image')),
  };
}

/** A value as text; undefined for what is empty, blank, or no text and no number. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

const namesOf = (mapping?: ColumnMapping) => (mapping?.productId === undefined ? '"id" (or "productId")' : `"${mapping.productId}"`);

function firstText(record: RawRecord, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = Object.hasOwn(record, name) ? textOf(record[name]) : undefined;
    if (text !== undefined) return text;
  }
  return undefined;
}

function versionOf(text: string | undefined, column = 'version'): number | undefined {
  if (text === undefined) return undefined;
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) throw wrong(`"${column}" must be a whole number, not "${text.slice(0, 40)}"`);
  return version;
}

const optional = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });

const wrong = (message: string) => new LabelstreamError('SOURCE_INVALID', message);
