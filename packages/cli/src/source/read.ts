import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LabelstreamError } from '@labelstream/shared/errors';
import { CsvError, parse } from 'csv-parse';
import { type AsyncBuffer, asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { invalid, type SourceRow, toRow } from './row.js';

const PARQUET_ROWS_AT_ONCE = 1000;

/**
 * Reads listings from a `.csv`, `.jsonl` or `.parquet` file, row by row.
 *
 * @param fallbackVersion the version of rows that name none
 * @throws SOURCE_INVALID with file and line for a row that cannot be read; rows before it have been given out
 */
export async function* readSource(file: string, fallbackVersion: number): AsyncGenerator<SourceRow> {
  try {
    const records = readerFor(file)(file);
    for await (const { record, line } of records) yield toRow(record, { file: basename(file), line }, fallbackVersion);
  } catch (error) {
    if (!isFileError(error)) throw error;
    throw new LabelstreamError('SOURCE_INVALID', `${file}: the file cannot be read; check the path given with --source.`, { cause: error });
  }
}

/** Not there, a folder, or not to be read by this user. */
const isFileError = (error: unknown) => error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';

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
  const input = createReadStream(file);
  const parser = input.pipe(parse({ columns: true, bom: true, info: true, skip_empty_lines: true }));
  // A pipe does not hand on errors, and one that nobody takes ends the process.
  input.on('error', (error) => parser.destroy(error));
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: Record<string, unknown>; info: { lines: number } }>) {
      yield { record, line: info.lines };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid({ file: basename(file), line: Number(error.lines ?? 0) }, `not valid CSV (${error.code})`, error);
  } finally {
    input.destroy();
  }
}

async function* readJsonLines(file: string): AsyncGenerator<RawRecord> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() === '') continue;
    yield { record: parseObject(text, { file: basename(file), line }), line };
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let failure: Error | undefined;
  // Neither does `readline`.
  input.on('error', (error) => {
    failure = error;
    lines.close();
  });
  try {
    yield* lines;
  } finally {
    input.destroy();
  }
  if (failure !== undefined) throw failure;
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
  const { file, giveUp } = guarded(await asyncBufferFromFile(name));
  for (let rowStart = 0; ; rowStart += PARQUET_ROWS_AT_ONCE) {
    const rows = await parquetReadObjects({ file, rowStart, rowEnd: rowStart + PARQUET_ROWS_AT_ONCE }).catch((error: unknown) => {
      giveUp();
      throw invalid({ file: basename(name), line: rowStart + 1 }, 'not a readable Parquet file', error);
    });
    for (const [i, record] of rows.entries()) yield { record, line: rowStart + i + 1 };
    if (rows.length < PARQUET_ROWS_AT_ONCE) return;
  }
}

/**
 * The file as hyparquet reads it. In a damaged file it gives up at once on what makes no sense, when it has asked for other parts already;
 * what came of these would be nobody's error, which ends a process. So reading begins one turn later, and nothing comes of it after `giveUp`.
 */
function guarded({ byteLength, slice }: AsyncBuffer): { readonly file: AsyncBuffer; giveUp(): void } {
  let isGivenUp = false;
  async function read(start: number, end?: number): Promise<ArrayBuffer> {
    await nextTurn();
    return isGivenUp ? new Promise<never>(() => {}) : slice(start, end);
  }
  return {
    file: {
      byteLength,
      slice(start, end) {
        const reading = read(start, end);
        // Some parts are asked for and never looked at.
        reading.catch(() => {});
        return reading;
      },
    },
    giveUp() {
      isGivenUp = true;
    },
  };
}
