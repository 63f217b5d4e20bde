import { resolve } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { STAGE_NAMES, type StageName } from '@labelstream/shared/stream/stage';
import { type Command, Option } from 'commander';
import type { CliConfig } from './config.js';
import type { ExitCode } from './exit-code.js';
import type { Output } from './output.js';

/** What every command works with. */
export interface CommandDeps {
  readonly config: CliConfig;
  readonly output: Output;
  /** Aborts on Ctrl-C and SIGTERM; a command then stops cleanly, by returning or by throwing the signal's reason. */
  readonly signal: AbortSignal;
  /** Makes the process end with 1, or another code, without an error message: the answer itself says what is wrong. */
  readonly markFailed: (code?: ExitCode) => void;
}

/** Every file in commands/ exports one, named `<name>Command`. */
export type CommandFactory = (deps: CommandDeps) => Command;

/** For `.option('--limit <n>', …, wholeNumber('--limit', 1))`. The parser throws USAGE. */
export function wholeNumber(option: string, min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw new LabelstreamError('USAGE', `${option} takes a whole number, ${range}; "${text}" is none.`);
  };
}

/** The examples at the end of a command's help; each is a command line without the program's name, and what it does. */
export function examples(...lines: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  return `\nExamples:\n${lines.map(([command, what]) => `  $ labelstream ${command.padEnd(width)}  ${what}`).join('\n')}\n`;
}

/** Where the local engine keeps its records; the same option everywhere. */
export function dataDirOption({ dataDir }: CliConfig): Option {
  return new Option('--data-dir <folder>', 'folder of the local engine').default(dataDir).argParser((folder) => resolve(folder));
}

/** Stage names as a user gives them, in the direction of the data. Throws USAGE. */
export function parseStages(names: readonly string[]): readonly StageName[] {
  const unknown = names.find((name) => !STAGE_NAMES.some((stage) => stage === name));
  if (unknown !== undefined) {
    throw new LabelstreamError('USAGE', `There is no service "${unknown}"; there are ${STAGE_NAMES.join(', ')}.`);
  }
  return STAGE_NAMES.filter((stage) => names.includes(stage));
}
