import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { takenFacts } from '../bench/commit.js';
import type { Bench } from '../bench/options.js';
import { type CommandDeps, type CommandFactory, examples, wholeNumber } from '../command.js';
import { commandLog } from '../log.js';

interface BenchFlags {
  readonly threads: number;
  readonly seconds: number;
  readonly liveRate: number;
  readonly seed: number;
  readonly out?: string;
  readonly json?: boolean;
}

interface BenchEntry {
  readonly what: string;
  load(): Promise<Bench>;
}

const BENCHES = {
  encoder: {
    what: 'encoder service through Kafka and Redis ÷ a bare ONNX Runtime loop with as many threads',
    load: async () => (await import('../bench/encoder.js')).benchEncoder,
  },
  backfill: {
    what: 'live p99 with a saturating backfill ÷ without, and the share of the idle machine that the backfill gets',
    load: async () => (await import('../bench/backfill.js')).benchBackfill,
  },
  relabel: {
    what: 'labelling from archived tokens ÷ the full pipeline, default bundles and shapes of ViT-B/32',
    load: async () => (await import('../bench/relabel.js')).benchRelabel,
  },
} as const satisfies Record<string, BenchEntry>;

type BenchName = keyof typeof BENCHES;
const NAMES = Object.keys(BENCHES) as BenchName[];

/** `labelstream bench`: figures as ratios of one run. */
export const benchCommand: CommandFactory = (deps) =>
  new Command('bench')
    .description('Measure the services; figures are ratios within one run, since machines are noisy.')
    .argument('<name...>', `what to measure, one after the other: ${NAMES.join(', ')}`)
    .option('--threads <n>', 'encoder: threads within one operator', wholeNumber('--threads', 1, 256), 1)
    .option('--seconds <n>', 'about how long each stretch is measured', wholeNumber('--seconds', 5, 3600), 20)
    .option('--live-rate <n>', 'backfill: live listings a second', wholeNumber('--live-rate', 1, 10_000), 10)
    .option('--seed <n>', 'of the listings and of their arrivals', wholeNumber('--seed', 0, 9999), 1)
    .option('--out <file>', 'also store the results, with commit and machine')
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText('after', `\nBenches:\n${NAMES.map((name) => `  ${name.padEnd(10)} ${BENCHES[name].what}`).join('\n')}\n`)
    .addHelpText(
      'after',
      examples(['bench encoder', 'how much of ONNX Runtime the service keeps'], ['bench backfill relabel --json', 'both, for machines']),
    )
    .action((names: readonly string[], flags: BenchFlags) => bench(names.map(benchOf), flags, deps));

function benchOf(name: string): BenchName {
  const known = NAMES.find((each) => each === name);
  if (known !== undefined) return known;
  throw new LabelstreamError('USAGE', `There is no bench "${name}"; there are ${NAMES.join(', ')}.`);
}

async function bench(names: readonly BenchName[], flags: BenchFlags, { config, output, signal }: CommandDeps): Promise<void> {
  const results = [];
  for (const name of names) {
    const run = await BENCHES[name].load();
    results.push(await run({ ...flags, config, log: output.note, logger: commandLog(config.env), signal }));
  }
  const report: object = Object.assign({}, ...results.map((result) => result.report));
  if (flags.out !== undefined) {
    const taken = { bench: names.join(' '), ...(await takenFacts(config.repositoryRoot)) };
    await mkdir(dirname(flags.out), { recursive: true });
    await writeFile(flags.out, `${JSON.stringify({ ...taken, ...report }, null, 2)}\n`);
  }
  if (flags.json === true) return output.printJson(report);
  for (const line of results.flatMap(({ lines }) => lines)) await output.print(line);
}
