const [LF, CR, QUOTE, COMMA] = [0x0a, 0x0d, 0x22, 0x2c];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** A longer row is no listing, but a quote that is not closed. */
const MAX_ROW_BYTES = 16 * 1024 * 1024;

/** Why the bytes of a row are none; the names are those of csv-parse. */
export type RowProblem = 'INVALID_OPENING_QUOTE' | 'INVALID_CLOSING_QUOTE' | 'QUOTE_NOT_CLOSED' | 'ROW_TOO_LONG';

/** The bytes of one row of a text file, without its line end. */
export interface TextRow {
  readonly bytes: Uint8Array;
  /** Offset of its first byte in the file. */
  readonly start: number;
  /** 1 is the first line. */
  readonly line: number;
  /** Another than `line` where quoted text has line breaks. */
  readonly lastLine: number;
  readonly problem?: RowProblem;
}

export interface SplitOptions {
  /** Where in the file the first of the bytes stands; it is the first of a row. */
  readonly offset: number;
  /** And in which line. */
  readonly line: number;
  /** Whether a line break within double quotes belongs to the row (CSV, RFC 4180). */
  readonly quotes: boolean;
  readonly maxRowBytes?: number;
}

/** Where the reading of a row stands. */
const FIELD_START = 0;
const PLAIN = 1;
const QUOTED = 2;
/** After a quote within a quoted field: its end, or the first of two. */
const QUOTE_END = 3;
/** The row is not valid, or quotes mean nothing in it; it ends with its line. */
const LINE = 4;

/** Bytes that may change how those after them are read. */
const IS_SPECIAL = Uint8Array.from({ length: 256 }, (_, byte) => (byte === LF || byte === CR || byte === QUOTE || byte === COMMA ? 1 : 0));

interface LineEnd {
  readonly from: number;
  readonly at: number;
  /** Another line end belongs to quoted text. */
  readonly isRowEnd: boolean;
}

/**
 * Splits bytes into rows, those of one chunk at a time. A row ends with LF, CRLF or CR; empty ones are passed over. A quote where none may be
 * spoils its row up to the end of the line on which that is seen: what was taken for quoted text until then is lost with it, and never sent as
 * rows that it may not be.
 */
export async function* splitRows(chunks: AsyncIterable<Uint8Array>, options: SplitOptions): AsyncGenerator<TextRow[]> {
  const splitter = createRowSplitter(options);
  for await (const chunk of chunks) {
    const rows = splitter.push(chunk);
    if (rows.length > 0) yield rows;
  }
  const rows = splitter.end();
  if (rows.length > 0) yield rows;
}

/** {@link splitRows}, chunk by chunk. */
function createRowSplitter({ offset, line, quotes, maxRowBytes = MAX_ROW_BYTES }: SplitOptions) {
  const row = openRow(offset, line, maxRowBytes);
  const atRowStart = quotes ? FIELD_START : LINE;
  let state: number = atRowStart;
  let position = offset;
  let currentLine = line;
  let lastByte: number | undefined;

  function push(chunk: Uint8Array): TextRow[] {
    const rows: TextRow[] = [];
    let from = 0;
    let current = state;
    for (let at = nextOfInterest(chunk, 0, current); at < chunk.length; at = nextOfInterest(chunk, at + 1, current)) {
      const byte = chunk[at] as number;
      if (byte === LF || byte === CR) {
        const isRowEnd = current !== QUOTED;
        from = endLine(chunk, { from, at, isRowEnd }, rows);
        if (isRowEnd) current = atRowStart;
      } else if (byte !== BYTE_ORDER_MARK[position + at]) current = nextState(current, byte, row.spoil);
    }
    state = current;
    row.keep(chunk.subarray(from));
    position += chunk.length;
    lastByte = chunk.at(-1) ?? lastByte;
    return rows;
  }

  /** Ends the line at `at`, and with it a row that began at `from`; returns where in the chunk the next one begins. */
  function endLine(chunk: Uint8Array, { from, at, isRowEnd }: LineEnd, rows: TextRow[]): number {
    const isSecondOfEnd = chunk[at] === LF && (at > 0 ? chunk[at - 1] : lastByte) === CR;
    if (!isSecondOfEnd) currentLine += 1;
    if (!isRowEnd) return from;
    if (!isSecondOfEnd) row.take(chunk.subarray(from, at), currentLine - 1, rows);
    row.begin(position + at + 1, currentLine);
    return at + 1;
  }

  function end(): TextRow[] {
    const rows: TextRow[] = [];
    if (state === QUOTED) row.spoil('QUOTE_NOT_CLOSED');
    row.take(new Uint8Array(), lastByte === LF || lastByte === CR ? currentLine - 1 : currentLine, rows);
    return rows;
  }

  return { push, end };
}

/** Where, from `at` on, the next byte stands that may change how those after it are read; most do not. */
function nextOfInterest(chunk: Uint8Array, at: number, state: number): number {
  if (state === FIELD_START || state === QUOTE_END) return at;
  let next = at;
  while (next < chunk.length && IS_SPECIAL[chunk[next] as number] === 0) next += 1;
  return next;
}

function nextState(state: number, byte: number, spoil: (problem: RowProblem) => void): number {
  switch (state) {
    case FIELD_START:
      if (byte === QUOTE) return QUOTED;
      return byte === COMMA ? FIELD_START : PLAIN;
    case PLAIN:
      if (byte === COMMA) return FIELD_START;
      if (byte !== QUOTE) return PLAIN;
      spoil('INVALID_OPENING_QUOTE');
      return LINE;
    case QUOTED:
      return byte === QUOTE ? QUOTE_END : QUOTED;
    case QUOTE_END:
      if (byte === QUOTE) return QUOTED;
      if (byte === COMMA) return FIELD_START;
      spoil('INVALID_CLOSING_QUOTE');
      return LINE;
    default:
      return LINE;
  }
}

/** The row that is being read. */
function openRow(offset: number, firstLine: number, maxRowBytes: number) {
  let start = offset;
  let line = firstLine;
  let kept: Uint8Array[] = [];
  let sizeBytes = 0;
  let problem: RowProblem | undefined;

  function keep(bytes: Uint8Array): void {
    sizeBytes += bytes.length;
    if (sizeBytes <= maxRowBytes) {
      if (bytes.length > 0) kept.push(bytes);
      return;
    }
    problem ??= 'ROW_TOO_LONG';
    kept = [];
  }

  return {
    keep,
    spoil(what: RowProblem): void {
      // What is wrong with the quotes says more than how long that made the row.
      if (problem === undefined || problem === 'ROW_TOO_LONG') problem = what;
    },
    begin(nextStart: number, nextLine: number): void {
      start = nextStart;
      line = nextLine;
      kept = [];
      sizeBytes = 0;
      problem = undefined;
    },
    /** Ends the row with these bytes; an empty one is none. */
    take(last: Uint8Array, lastLine: number, into: TextRow[]): void {
      keep(last);
      const all = kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
      const bytes = start === 0 && BYTE_ORDER_MARK.every((byte, at) => all[at] === byte) ? all.subarray(BYTE_ORDER_MARK.length) : all;
      if (bytes.length === 0 && problem === undefined) return;
      into.push({ bytes, start, line, lastLine, ...(problem === undefined ? {} : { problem }) });
    },
  };
}
