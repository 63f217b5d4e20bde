import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { type CommandDeps, type CommandFactory, examples, wholeNumber } from '../command.js';
import { sourcePlan } from '../demo/source-plan.js';
import type { EvaluationReport } from '../evaluate/evaluate.js';
import { bundleFolder } from '../models/reference.js';
import { renderTable } from '../output.js';
import { dataFolder } from '../source/data-folder.js';
import { parseDrop } from '../source/drop.js';
import { addSourceOptions, parseWhere, type SourceFlags } from '../source/options.js';
import { parseSwap } from '../source/swap.js';

interface EvaluateFlags extends Partial<SourceFlags> {
  readonly encoder?: string;
  readonly fusion?: string;
  readonly drop?: string;
  readonly swap?: string;
  readonly threads: number;
  readonly json?: boolean;
}

/** `labelstream evaluate`: the model alone, in one process, without Kafka. */
export const evaluateCommand: CommandFactory = (deps) =>
  addSourceOptions(new Command('evaluate').description('Measure a model on listings with known labels, in one process without Kafka.'))
    .option('--encoder <bundle>', 'encoder bundle (default: the one of the deployment)')
    .option('--fusion <bundle>', 'fusion bundle (default: the one of the deployment)')
    .option('--drop <what>', 'take a modality away: image, text, or mixed:SHARE (half of the share each)')
    .option('--swap <what>', 'give every listing the text or the image of another one: text or image')
    .option('--threads <n>', 'threads within one operator', wholeNumber('--threads', 1, 256), 2)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      examples(
        ['evaluate --source products.csv --images pictures.tar --where split=val', 'accuracy on the validation rows'],
        ['evaluate --source products.csv --images pictures.tar --drop mixed:0.7 --json', 'with 70 % of the listings incomplete'],
        ['evaluate --source products.csv --images pictures.tar --swap text', 'whether the titles of others are noticed'],
      ),
    )
    .action((flags: EvaluateFlags) => run(flags, deps));

async function run(flags: EvaluateFlags, { config, output, signal }: CommandDeps): Promise<void> {
  const { source, images, limit, where } = flags;
  const swap = parseSwap(flags.swap);
  if (source === undefined) throw new LabelstreamError('USAGE', 'evaluate needs listings with known labels: add --source FILE.');
  const plan = await sourcePlan({
    source,
    drop: parseDrop(flags.drop),
    cacheDirectory: join(dataFolder(config), 'images'),
    ...(images === undefined ? {} : { images }),
    ...(limit === undefined ? {} : { limit }),
    ...(where === undefined ? {} : { where: parseWhere(where) }),
  });
  const { evaluate } = await import('../evaluate/evaluate.js');
  const progress = output.progress('evaluating');
  const report = await evaluate({
    plan,
    ...(swap === undefined ? {} : { swap }),
    encoderBundle: await bundleFolder(flags.encoder ?? config.encoderBundle, config),
    fusionBundle: await bundleFolder(flags.fusion ?? config.fusionBundle, config),
    threads: flags.threads,
    signal,
    onProgress: (done, total) => progress.update(done, total),
  }).finally(() => progress.end());
  await (flags.json === true ? output.printJson(report) : output.print(render(report)));
}

function render({ tasks, listings, modalities, mismatched, model, listingsPerSecond }: EvaluationReport): string {
  const share = (value: number | null) => (value === null ? '–' : value.toFixed(3));
  const columns = ['rows', 'accuracy', 'macro-F1', 'recall at 90 % precision', 'calibration error', 'answered', 'right when answered'];
  const table = renderTable(
    [{ title: 'task' }, ...columns.map((title) => ({ title, align: 'right' as const }))],
    Object.entries(tasks).map(([task, m]) => [
      task,
      String(m.count),
      ...[m.accuracy, m.macroF1, m.recallAt90Precision, m.expectedCalibrationError, m.coverage, m.precisionWhenAnswered].map(share),
    ]),
  );
  const { complete, imageOnly, textOnly, neither } = modalities;
  return [
    table,
    '',
    `${listings} listings: ${complete} with image and text, ${imageOnly} with the image only, ${textOnly} with the text only, ${neither} with neither.`,
    `${mismatched} whose text and image do not belong together, labelled from the image alone.`,
    `encoder ${model.encoder}, fusion ${model.fusion}; ${listingsPerSecond} listings/s.`,
  ].join('\n');
}
