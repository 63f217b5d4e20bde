import { LabelstreamError } from '@labelstream/shared/errors';
import type { Command } from 'commander';
import { wholeNumber } from '../command.js';

/** Flags of every command that reads listings from a file. */
export interface SourceFlags {
  readonly source: string;
  readonly images?: string;
  readonly limit?: number;
  readonly where?: string;
}

export function addSourceOptions(command: Command): Command {
  return command
    .option('--source <file>', 'listings: .csv, .jsonl, .parquet or .avro with id, title, description?, image?, version?')
    .option('--images <path>', 'folder or .tar of pictures, <id>.jpg unless a row names another')
    .option('--limit <n>', 'take only the first n', wholeNumber('--limit', 1))
    .option('--where <column=value>', 'take only rows with this value, for example split=val');
}

/** Parses `column=value`. Throws USAGE. */
export function parseWhere(text: string): { column: string; value: string } {
  const at = text.indexOf('=');
  if (at <= 0) throw new LabelstreamError('USAGE', `--where takes column=value, not "${text}".`);
  return { column: text.slice(0, at), value: text.slice(at + 1) };
}
