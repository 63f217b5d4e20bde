import { join, resolve } from 'node:path';
import { FAULT_KINDS, FAULTS, parseKinds } from '@labelstream/chaos/faults/kinds';
import { Command } from 'commander';
import { type CommandFactory, examples, wholeNumber } from '../command.js';
import { commandLog } from '../log.js';

interface ChaosFlags {
  readonly minutes: number;
  readonly seed?: number;
  readonly kinds: readonly (typeof FAULT_KINDS)[number][];
  readonly rate: number;
  readonly keep?: string;
  readonly json?: boolean;
}

/** Fits most of the sample contents' seeds. */
const LARGEST_SEED = 9999;
const DEFAULT_MINUTES = 4;
/** Two cores keep up with it while things break. */
const DEFAULT_RATE = 20;

/** `labelstream chaos`: breaks real things while listings pass, and checks that every promise holds. */
export const chaosCommand: CommandFactory = ({ config, output, signal, markFailed }) =>
  new Command('chaos')
    .description(
      'Break services, Kafka, Redis, images and models while listings pass, and check that nothing is lost, doubled or out of order.',
    )
    .option('--minutes <n>', 'for how long', wholeNumber('--minutes', 1, 24 * 60), DEFAULT_MINUTES)
    .option(
      '--seed <n>',
      'repeats the listings, the faults and what they hit; default: a random one',
      wholeNumber('--seed', 0, LARGEST_SEED),
    )
    .option('--kinds <list>', 'only these faults, separated by commas', parseKinds, FAULT_KINDS)
    .option('--rate <n>', 'events a second', wholeNumber('--rate', 1, 1000), DEFAULT_RATE)
    .option('--keep <folder>', 'where logs and records are kept when a promise is broken (default: chaos/<seed> in the data folder)')
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText('after', `\nFaults:\n${FAULT_KINDS.map((kind) => `  ${kind.padEnd(16)} ${FAULTS[kind]}`).join('\n')}\n`)
    .addHelpText(
      'after',
      examples(
        ['chaos --minutes 10', 'everything, for ten minutes'],
        ['chaos --minutes 2 --kinds kafka-kill,service-kill', 'only these'],
        ['chaos --seed 42 --json', 'the same again, for machines'],
      ),
    )
    .action(async ({ minutes, seed = Math.floor(Math.random() * LARGEST_SEED), kinds, rate, keep, json }: ChaosFlags) => {
      const { runChaos } = await import('@labelstream/chaos/run');
      const { reportLines } = await import('@labelstream/chaos/report');
      output.note(`seed ${seed}`);
      const progress = output.progress('seconds');
      const report = await runChaos({
        repositoryRoot: config.repositoryRoot,
        minutes,
        seed,
        kinds,
        messagesPerSecond: rate,
        encoderBundle: config.encoderBundle,
        fusionBundle: config.fusionBundle,
        keepFolder: keep === undefined ? join(config.dataDir, 'chaos', String(seed)) : resolve(keep),
        log: output.note,
        onProgress: ({ elapsedMs, totalMs, detail }) => progress.update(Math.round(elapsedMs / 1000), Math.round(totalMs / 1000), detail),
        logger: commandLog(config.env),
        signal,
      }).finally(() => progress.end());
      if (!report.ok) markFailed();
      if (json === true) return output.printJson(report);
      for (const line of reportLines(report)) await output.print(line);
    });
