import { LabelstreamError } from '@labelstream/shared/errors';

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

/** Where a row stands, for messages. */
export interface RowOrigin {
  readonly file: string;
  /** 1 is the first line (text) or the first row (Parquet). */
  readonly line: number;
}

/**
 * Reads the known fields of a record: `id` or `productId`, `title?`, `description?`, `image?`, `version?`.
 *
 * @param fallbackVersion the version of rows that name none
 * @throws SOURCE_INVALID naming file and line
 */
export function toRow(record: Readonly<Record<string, unknown>>, origin: RowOrigin, fallbackVersion: number): SourceRow {
  const { id, productId, title, description, image, version, ...rest } = record;
  const key = textOf(productId) ?? textOf(id);
  if (key === undefined) throw invalid(origin, 'the row has no "id" (or "productId")');
  const columns = Object.fromEntries(
    Object.entries(rest).flatMap(([name, value]) => (textOf(value) === undefined ? [] : [[name, String(value)]])),
  );
  return {
    productId: key,
    version: versionOf(version, origin) ?? fallbackVersion,
    columns,
    ...optional('title', textOf(title)),
    ...optional('description', textOf(description)),
    ...optional('image', textOf(image)),
  };
}

/** A SOURCE_INVALID error that names the place. */
export function invalid({ file, line }: RowOrigin, message: string, cause?: unknown): LabelstreamError {
  return new LabelstreamError('SOURCE_INVALID', `${file}, line ${line}: ${message}`, cause === undefined ? {} : { cause });
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function versionOf(value: unknown, origin: RowOrigin): number | undefined {
  const text = textOf(value);
  if (text === undefined) return undefined;
  const version = Number(text);
  if (!Number.isSafeInteger(version) || version < 0) throw invalid(origin, `"version" must be a whole number, not "${text.slice(0, 40)}"`);
  return version;
}

const optional = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });
