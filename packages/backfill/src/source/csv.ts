import type { Entry } from './listing-file.js';
import type { RowProblem, TextRow } from './text-rows.js';

const PROBLEMS: Readonly<Record<RowProblem, string>> = {
  INVALID_OPENING_QUOTE: 'a quote within a field; put the field in quotes and write the quote twice',
  INVALID_CLOSING_QUOTE: 'text after the closing quote of a field; a quote within quotes is written twice',
  QUOTE_NOT_CLOSED: 'a quote is opened here and never closed',
  ROW_TOO_LONG: 'the row is longer than any listing; a quote is probably not closed',
};

/** What is wrong with a row, and what else is not read because of it. */
export function describeProblem(problem: RowProblem, { line, lastLine }: Pick<TextRow, 'line' | 'lastLine'>): string {
  const lost = lastLine > line ? `; lines ${line} to ${lastLine} were not read` : '';
  return `not valid CSV (${problem}): ${PROBLEMS[problem]}${lost}`;
}

/** The fields of a row without problem (RFC 4180; a comma separates them). */
export function fieldsOf(text: string): string[] {
  if (!text.includes('"')) return text.split(',');
  const fields: string[] = [];
  let at = 0;
  while (true) {
    const end = text[at] === '"' ? endOfQuoted(text, at) : endOfPlain(text, at);
    fields.push(text[at] === '"' ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end));
    if (end >= text.length) return fields;
    at = end + 1;
  }
}

function endOfPlain(text: string, start: number): number {
  const comma = text.indexOf(',', start);
  return comma < 0 ? text.length : comma;
}

/** Where a field that begins with a quote ends: after its closing one. */
function endOfQuoted(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  return quote + 1;
}

/** What stands in a row of a file with these columns. */
export function csvEntry(row: TextRow, columns: readonly string[]): Entry {
  const position = row.line;
  if (row.problem !== undefined) return { position, problem: describeProblem(row.problem, row) };
  const fields = fieldsOf(decode(row.bytes));
  if (fields.length !== columns.length) {
    const columnCount = `${columns.length} column${columns.length === 1 ? '' : 's'}`;
    return { position, problem: `not valid CSV: ${fields.length} fields in a file of ${columnCount}` };
  }
  return { position, record: Object.fromEntries(columns.map((name, at) => [name, fields[at]])) };
}

/** The columns that the first row of a file names. */
export const columnsIn = (row: TextRow): string[] => fieldsOf(decode(row.bytes));

const decode = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
