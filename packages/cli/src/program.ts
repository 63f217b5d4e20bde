import { LabelstreamError } from '@labelstream/shared/errors';
import { Command, CommanderError, Option } from 'commander';
import { type CommandDeps, type CommandFactory, examples } from './command.js';
import { archiveCommand } from './commands/archive.js';
import { backfillCommand } from './commands/backfill.js';
import { benchCommand } from './commands/bench.js';
import { capacityCommand } from './commands/capacity.js';
import { chaosCommand } from './commands/chaos.js';
import { demoCommand } from './commands/demo.js';
import { dlqCommand } from './commands/dlq.js';
import { doctorCommand } from './commands/doctor.js';
import { downCommand } from './commands/down.js';
import { evaluateCommand } from './commands/evaluate.js';
import { explainCommand } from './commands/explain.js';
import { labelsCommand } from './commands/labels.js';
import { modelsCommand } from './commands/models.js';
import { produceCommand } from './commands/produce.js';
import { runCommand } from './commands/run.js';
import { soakCommand } from './commands/soak.js';
import { statusCommand } from './commands/status.js';
import { upCommand } from './commands/up.js';
import type { CliConfig } from './config.js';
import { EXIT, type ExitCode, exitCodeOf, sentenceOf } from './exit-code.js';
import { createOutput, type TerminalStream } from './output.js';

/** The commands in the order in which the help lists them. */
const COMMANDS: readonly CommandFactory[] = [
  demoCommand,
  upCommand,
  downCommand,
  statusCommand,
  doctorCommand,
  runCommand,
  produceCommand,
  backfillCommand,
  archiveCommand,
  labelsCommand,
  explainCommand,
  dlqCommand,
  modelsCommand,
  evaluateCommand,
  benchCommand,
  capacityCommand,
  chaosCommand,
  soakCommand,
];

/** The process around the command line. */
export interface CliDeps {
  readonly config: CliConfig;
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
  /** Aborts with the name of the signal, `SIGINT` or `SIGTERM`, as its reason. */
  readonly signal: AbortSignal;
}

/** Assembles the program; commands are only built, nothing runs yet. */
function createProgram(deps: CommandDeps, streams: Pick<CliDeps, 'stdout' | 'stderr'>): Command {
  const program = new Command('labelstream')
    .description('Product listings in, calibrated labels out, on Kafka.')
    .version(deps.config.version)
    .option('--debug', 'show the stack of an error (also: LOG_LEVEL=debug)')
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      writeErr: (text) => void streams.stderr.write(text),
      // The one error line is written by runCli, the same for every kind of error.
      outputError: () => {},
    })
    .exitOverride()
    .addHelpText(
      'after',
      examples(
        ['demo', 'see all of it on sample listings'],
        ['up', 'start Kafka, Redis and the four services'],
        ['labels tail --follow', 'watch labels appear'],
      ),
    );
  for (const create of COMMANDS) program.addCommand(inherit(create(deps), program));
  return program;
}

/** `addCommand` hands nothing down, and `--debug` is to be understood wherever it stands. */
function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent).addOption(new Option('--debug').hideHelp());
  for (const child of command.commands) inherit(child, command);
  return command;
}

/** Parses and runs one command line, `argv` without node and script; never throws. */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const { config, stdout, stderr, signal } = deps;
  const output = createOutput({ stdout, stderr, colours: config.colours, now: Date.now });
  let ended: ExitCode = EXIT.ok;
  const markFailed = (code: ExitCode = EXIT.failed) => {
    ended = code;
  };
  try {
    const program = createProgram({ config, output, signal, markFailed }, deps);
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync([...argv], { from: 'user' });
    return signal.reason === 'SIGINT' ? EXIT.interrupted : ended;
  } catch (error) {
    if (signal.aborted) return signal.reason === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    return report(error, { debug: config.debug || argv.includes('--debug'), stderr });
  }
}

function report(error: unknown, { debug, stderr }: { debug: boolean; stderr: TerminalStream }): ExitCode {
  const shown = error instanceof CommanderError ? usageError(error) : error;
  stderr.write(`labelstream: ${sentenceOf(shown)}\n`);
  if (debug) stderr.write(`${stackOf(error)}\n`);
  return exitCodeOf(shown);
}

/** Commander's own words, without its prefix; where it has shown the help of a group, that is what to do. */
function usageError(error: CommanderError): LabelstreamError {
  const message = error.code === 'commander.help' ? 'a command is missing; see the list above' : error.message.replace(/^error: /, '');
  const hint = error.code === 'commander.help' ? '' : ' Add --help to see what can be given.';
  const [first = '', ...rest] = message.split('\n');
  const sentence = [/[.?!]$/.test(first) ? first : `${first}.`, ...rest.map((line) => line.replace(/^\((.*)\)$/, '$1'))].join(' ');
  return new LabelstreamError('USAGE', `${sentence}${hint}`, { cause: error });
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
