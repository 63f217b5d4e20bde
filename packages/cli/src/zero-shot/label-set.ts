import { LabelstreamError } from '@labelstream/shared/errors';

/** One label of a set. */
export interface LabelEntry {
  /** What is published: the name, or in a taxonomy the whole path, since names occur in several places of one. */
  readonly label: string;
  /** What the text tower reads. */
  readonly name: string;
  /** From the root; only in a taxonomy. */
  readonly path?: readonly string[];
  /** As the file has it. */
  readonly id?: string;
}

/** What a head is made for. */
export interface LabelSet {
  readonly entries: readonly LabelEntry[];
  readonly isTaxonomy: boolean;
}

/** Every label is a row of the graph, an entry of the manifest and, for each listing, a score. */
export const MAX_LABELS = 20_000;
const MAX_LABEL_LENGTH = 300;
const STEP = ' > ';
const NUMBERED = /^(?<id>\d+) - (?<rest>.+)$/;

interface Line {
  readonly number: number;
  readonly text: string;
  readonly id?: string;
}

/**
 * Reads a label file: one label a line, `#` begins a comment. A line with ` > ` is a path of a taxonomy, and then all lines are; levels
 * that no line names are added. When all lines begin with `123 - `, those are ids, as in Google's own file.
 *
 * @param where names the file in messages
 * @throws SOURCE_INVALID naming the line: empty, repeated, too long, too many, too few
 */
export function parseLabelSet(text: string, where: string): LabelSet {
  const lines = numberedLines(text, where);
  if (lines.length < 2) refuse(where, 'has to name two labels at least');
  if (lines.length > MAX_LABELS) refuse(where, `names ${lines.length} labels; ${MAX_LABELS} are the most that one head can have`);
  const isTaxonomy = lines.some((line) => line.text.includes(STEP));
  const entries = new Map<string, LabelEntry>();
  const firstLines = new Map<string, number>();
  for (const { text: label, number, id } of lines) {
    const before = firstLines.get(label);
    if (before !== undefined) refuse(where, `line ${number} repeats "${label}" of line ${before}`);
    firstLines.set(label, number);
    if (!isTaxonomy) entries.set(label, { label, name: label, ...(id === undefined ? {} : { id }) });
    else addPath(entries, pathOf(label, number, where), id);
  }
  if (entries.size > MAX_LABELS) refuse(where, `names ${entries.size} categories with their levels; ${MAX_LABELS} are the most`);
  return { entries: [...entries.values()], isTaxonomy };
}

function refuse(where: string, why: string): never {
  throw new LabelstreamError('SOURCE_INVALID', `${where} ${why}.`);
}

function numberedLines(text: string, where: string): readonly Line[] {
  const all = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  // What follows the last line end is no line.
  if (all.at(-1) === '') all.pop();
  const lines = all.map((line, at) => ({ number: at + 1, text: line.trim() })).filter((line) => !line.text.startsWith('#'));
  for (const { number, text: label } of lines) {
    if (label === '') refuse(where, `line ${number} is empty; every line is a label`);
    if (label.length > MAX_LABEL_LENGTH) refuse(where, `line ${number} is longer than ${MAX_LABEL_LENGTH} characters`);
  }
  const numbered = lines.map((line) => ({ line, found: NUMBERED.exec(line.text)?.groups }));
  if (numbered.some(({ found }) => found === undefined)) return lines;
  return numbered.map(({ line, found }) => ({ number: line.number, text: found?.rest?.trim() ?? '', id: found?.id ?? '' }));
}

function pathOf(label: string, number: number, where: string): readonly string[] {
  const path = label.split('>').map((name) => name.trim());
  if (path.includes('')) refuse(where, `line ${number} has a level without a name`);
  return path;
}

/** Adds a category and, before it, the levels above it that are not there yet; a level that has its own line later keeps its place. */
function addPath(entries: Map<string, LabelEntry>, path: readonly string[], id: string | undefined): void {
  path.forEach((name, depth) => {
    const own = path.slice(0, depth + 1);
    const label = own.join(STEP);
    const isLast = depth === path.length - 1;
    if (isLast || !entries.has(label)) entries.set(label, { label, name, path: own, ...(isLast && id !== undefined ? { id } : {}) });
  });
}
