import type { Entry, FormatReader, ListingFile } from '../../src/source/listing-file.js';

const { signal } = new AbortController();

/** The entries of every part of a file. */
export async function readParts(reader: FormatReader, file: ListingFile, columns?: readonly string[]): Promise<Entry[][]> {
  const parts: Entry[][] = [];
  for await (const { where, rows } of reader.plan(file, signal)) {
    const entries: Entry[] = [];
    for await (const some of reader.read(file, where, { signal, ...(columns === undefined ? {} : { columns }) })) entries.push(...some);
    if (rows !== undefined && file.format !== 'jsonl' && entries.length !== rows)
      throw new Error(`${entries.length} entries, ${rows} planned`);
    parts.push(entries);
  }
  return parts;
}

/** The entries before a file becomes unreadable, and what is said about that. */
export async function readUntilFailure(reader: FormatReader, file: ListingFile): Promise<{ entries: Entry[]; message: string }> {
  const entries: Entry[] = [];
  try {
    for await (const { where } of reader.plan(file, signal)) {
      for await (const some of reader.read(file, where, { signal })) entries.push(...some);
    }
  } catch (error) {
    return { entries, message: `${(error as { code?: string }).code}: ${(error as Error).message}` };
  }
  return { entries, message: 'none' };
}

export const recordsOf = (entries: readonly Entry[]): unknown[] =>
  entries.map((entry) => ('record' in entry ? entry.record : entry.problem));
