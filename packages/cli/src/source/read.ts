import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { LabelstreamError } from '@labelstream/shared/errors';
import { type CsvError, parse } from 'csv-parse';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { invalid, type SourceRow, toRow } from './row.js';

const PARQUET_ROWS_AT_ONCE = 1000;

/**
 * Reads listings from a `.csv`, `.jsonl` or `.parquet` file, row by row.
 *
 * @param fallbackVersion the version of rows that name none
 * @throws SOURCE_INVALID with file and line for a row that cannot be read; rows before it have been given out
 */
export async function* readSource(file: string, fallbackVersion: number): AsyncGenerator<SourceRow> {
  await stat(file).catch((cause: unknown) => {
    throw new LabelstreamError('SOURCE_INVALID', `${file}: the file cannot be read; check the path given with --source.`, { cause });
  });
  const records = readerFor(file)(file);
  for await (const { record, line } of records) yield toRow(record, { file: basename(file), line }, fallbackVersion);
}

interface RawRecord {
  readonly record: Record<string, unknown>;
  readonly line: number;
}

function readerFor(file: string): (file: string) => AsyncGenerator<RawRecord> {
  if (/\.csv$/i.test(file)) return readCsv;
  if (/\.(jsonl|ndjson)$/i.test(file)) return readJsonLines;
  if (/\.parquet$/i.test(file)) return readParquet;
  throw new LabelstreamError('SOURCE_INVALID', `${file}: only .csv, .jsonl and .parquet files can be read.`);
}

async function* readCsv(file: string): AsyncGenerator<RawRecord> {
  const parser = createReadStream(file).pipe(parse({ columns: true, bom: true, info: true, skip_empty_lines: true }));
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, unknown>; info: { lines: number } }>) {
      yield { record, line: info.lines };
    }
  } catch (error) {
    if (!isCsvError(error)) throw error;
    throw invalid({ file: basename(file), line: Number(error.lines ?? 0) }, `not valid CSV (${error.code})`, error);
  }
}

const isCsvError = (error: unknown): error is CsvError =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('CSV_');

async function* readJsonLines(file: string): AsyncGenerator<RawRecord> {
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    line++;
    if (text.trim() === '') continue;
    yield { record: parseObject(text, { file: basename(file), line }), line };
  }
}

function parseObject(text: string, origin: { file: string; line: number }): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(origin, 'not valid JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(origin, 'not a JSON object');
  return value as Record<string, unknown>;
}

async function* readParquet(name: string): AsyncGenerator<RawRecord> {
  const file = await asyncBufferFromFile(name);
  for (let rowStart = 0; ; rowStart += PARQUET_ROWS_AT_ONCE) {
    const rows = await parquetReadObjects({ file, rowStart, rowEnd: rowStart + PARQUET_ROWS_AT_ONCE }).catch((error: unknown) => {
      throw invalid({ file: basename(name), line: rowStart + 1 }, 'not a readable Parquet file', error);
    });
    for (const [i, record] of rows.entries()) yield { record, line: rowStart + i + 1 };
    if (rows.length < PARQUET_ROWS_AT_ONCE) return;
  }
}
