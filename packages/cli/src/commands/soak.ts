import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { takenFacts } from '../bench/commit.js';
import { type CommandDeps, type CommandFactory, examples, wholeNumber } from '../command.js';
import { renderTable } from '../output.js';

interface SoakFlags {
  readonly minutes: number;
  readonly rate?: number;
  readonly load: number;
  readonly seed: number;
  readonly out?: string;
  readonly graph?: string;
  readonly json?: boolean;
}

const DEFAULT_MINUTES = 60;
const LARGEST_SEED = 9999;

/** `labelstream soak`: an even load for long, and whether anything grows. */
export const soakCommand: CommandFactory = (deps) =>
  new Command('soak')
    .description('Stream sample listings at half load for long, and check that memory, handles, Redis and lag stay flat.')
    .option('--minutes <n>', 'for how long', wholeNumber('--minutes', 1, 7 * 24 * 60), DEFAULT_MINUTES)
    .option('--load <share>', 'share of the capacity, which is measured first', parseLoad, 0.5)
    .option('--rate <n>', 'events a second, instead of a share of the capacity', wholeNumber('--rate', 1, 1000))
    .option('--seed <n>', 'of the listings', wholeNumber('--seed', 0, LARGEST_SEED), 1)
    .option('--out <file>', 'also store the result with its samples, commit and machine')
    .option('--graph <file>', 'also draw the samples, as SVG')
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText(
      'after',
      examples(
        ['soak', 'an hour at half load'],
        ['soak --minutes 10 --rate 20 --graph soak.svg', 'ten minutes at 20 events a second, as a graph'],
        ['soak --load 0.8 --out soak.json --json', 'an hour at 80 % of the capacity, for machines'],
      ),
    )
    .action((flags: SoakFlags) => soak(flags, deps));

function parseLoad(text: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new LabelstreamError('USAGE', `--load takes a share above 0 and at most 1; "${text}" is none.`);
}

async function soak({ out, graph, json, ...flags }: SoakFlags, { config, output, signal, markFailed }: CommandDeps): Promise<void> {
  const { runSoak } = await import('../soak/run.js');
  const { renderSoak } = await import('../soak/report.js');
  const progress = output.progress('seconds');
  const report = await runSoak({ ...flags, config, log: output.note, onProgress: progress.update, signal }).finally(() => progress.end());
  if (!report.ok) markFailed();
  if (out !== undefined) {
    const { soakDocument } = await import('../soak/document.js');
    await store(out, soakDocument(report, await takenFacts(config.repositoryRoot)));
  }
  if (graph !== undefined) {
    const { drawSoak } = await import('../soak/graph.js');
    await store(graph, drawSoak(report));
  }
  if (json === true) {
    // The samples are in the file; a line is for the verdicts.
    return output.printJson({ ...report, series: report.series.map(({ points, ...series }) => series) });
  }
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]) =>
    renderTable(
      titles.map((title, i) => ({ title, align: i > 2 && i < titles.length - 1 ? 'right' : 'left' })),
      rows,
    );
  await output.print(renderSoak(report, table));
}

async function store(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
