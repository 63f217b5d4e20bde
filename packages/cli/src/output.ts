import { stripVTControlCharacters } from 'node:util';

/** A stream of the terminal, as far as it is used. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

/** Colours a text, or leaves it as it is where colours are off. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
}

/** Work of which an end may be known. */
export interface Progress {
  /** `total` 0: not known. `detail` stands behind the numbers. */
  update(done: number, total: number, detail?: string): void;
  /** Leaves the last state on the screen; further updates are ignored. */
  end(): void;
}

/** Everything a command says: results on stdout, all else on stderr. */
export interface Output {
  /** Colours of stdout. */
  readonly paint: Paint;
  /** Writes a result to stdout; resolves when the reader has taken it, so that a slow reader slows the command down. */
  print(text: string): Promise<void>;
  /** Writes one JSON document on one line to stdout. */
  printJson(value: unknown): Promise<void>;
  /** Writes bytes to stdout as they are. */
  printBytes(bytes: Uint8Array): Promise<void>;
  /** A line of progress, on stderr. */
  note(text: string): void;
  /** A line that must not be missed, on stderr. */
  warn(text: string): void;
  /** A bar where stderr is a terminal, else a line every few seconds. */
  progress(title: string): Progress;
}

export interface OutputDeps {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** False where NO_COLOR is set. */
  readonly colours: boolean;
  readonly now: () => number;
}

const CODES = { bold: [1, 22], dim: [2, 22], green: [32, 39], yellow: [33, 39], red: [31, 39] } as const;
const LINE_EVERY_MS = 5_000;
const BAR_EVERY_MS = 100;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[2K';

/** Colours for a stream, none where it is not a terminal. */
export function createPaint(enabled: boolean): Paint {
  const paint = (name: keyof typeof CODES) => (text: string) =>
    enabled ? `\u001b[${CODES[name][0]}m${text}\u001b[${CODES[name][1]}m` : text;
  return { bold: paint('bold'), dim: paint('dim'), green: paint('green'), yellow: paint('yellow'), red: paint('red') };
}

/** Creates the output of one command. */
export function createOutput({ stdout, stderr, colours, now }: OutputDeps): Output {
  const errPaint = createPaint(colours && stderr.isTTY === true);
  let bar: string | null = null;

  const write = (data: string | Uint8Array) => new Promise<void>((resolve) => stdout.write(data, () => resolve()));

  /** Lines go above a bar that is being shown. */
  function say(text: string): void {
    stderr.write(bar === null ? `${text}\n` : `${CLEAR_LINE}${text}\n${bar}`);
  }

  function showBar(line: string): void {
    bar = line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1));
    stderr.write(`${CLEAR_LINE}${bar}`);
  }

  function endBar(): void {
    if (bar !== null) stderr.write('\n');
    bar = null;
  }

  function progress(title: string): Progress {
    const isBar = stderr.isTTY === true;
    const everyMs = isBar ? BAR_EVERY_MS : LINE_EVERY_MS;
    let shownAt = now() - (isBar ? everyMs : 0);
    let last: string | null = null;
    let ended = false;
    return {
      update(done, total, detail = '') {
        if (ended) return;
        last = progressLine(title, done, total, detail, isBar);
        if (now() - shownAt < everyMs) return;
        shownAt = now();
        if (isBar) showBar(last);
        else say(last);
        if (!isBar) last = null;
      },
      end() {
        if (ended) return;
        ended = true;
        if (last !== null) isBar ? showBar(last) : say(last);
        endBar();
      },
    };
  }

  return {
    paint: createPaint(colours && stdout.isTTY === true),
    print: (text) => write(`${text}\n`),
    printJson: (value) => write(`${JSON.stringify(value)}\n`),
    printBytes: write,
    note: say,
    warn: (text) => say(errPaint.yellow(text)),
    progress,
  };
}

function progressLine(title: string, done: number, total: number, detail: string, isBar: boolean): string {
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const filled = Math.round(share * BAR_CELLS);
  const picture = isBar && total > 0 ? ` [${'█'.repeat(filled)}${'·'.repeat(BAR_CELLS - filled)}]` : '';
  const numbers = total > 0 ? `${done}/${total}` : String(done);
  return `${title}${picture} ${numbers}${detail === '' ? '' : `  ${detail}`}`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Lays out rows under their titles, two blanks apart; cells may be coloured. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, i) => Math.max(...[titles, ...rows].map((row) => width(row[i] ?? ''))));
  const layOut = (row: readonly string[]) =>
    columns
      .map(({ align }, i) => pad(row[i] ?? '', widths[i] ?? 0, align ?? 'left'))
      .join('  ')
      .trimEnd();
  return [titles, widths.map((cells) => '─'.repeat(cells)), ...rows].map(layOut).join('\n');
}

const width = (text: string) => [...stripVTControlCharacters(text)].length;

function pad(text: string, cells: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, cells - width(text)));
  return align === 'left' ? `${text}${blanks}` : `${blanks}${text}`;
}
