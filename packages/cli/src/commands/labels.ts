import { LabelstreamError } from '@labelstream/shared/errors';
import { Command } from 'commander';
import { type CommandDeps, dataDirOption, examples, wholeNumber } from '../command.js';
import { type Connection, connectFrom } from '../connect.js';
import { type LabelSource, lastLabels, tailLabels } from '../labels/read.js';

const NEWEST = 10;

interface TailOptions {
  readonly fromBeginning?: boolean;
  readonly follow?: boolean;
  readonly limit?: number;
  readonly dataDir: string;
}

/** `labelstream labels tail|get`: the label topic as JSON lines, read-committed. */
export function labelsCommand(deps: CommandDeps): Command {
  return new Command('labels')
    .description('Read the label topic (product.labels) as JSON lines.')
    .addCommand(tailCommand(deps))
    .addCommand(getCommand(deps))
    .addHelpText('after', examples(['labels tail --follow', 'watch labels appear'], ['labels get 10000', 'the labels of one product']));
}

function tailCommand(deps: CommandDeps): Command {
  return new Command('tail')
    .description(`Print labels, one JSON document a line: the newest ${NEWEST}, all of them, or those that are to come.`)
    .option('--from-beginning', 'begin with the first label')
    .option('--follow', 'go on with new labels as they come; alone: only these')
    .option('--limit <n>', 'print so many lines at most', wholeNumber('--limit', 1))
    .addOption(dataDirOption(deps.config))
    .addHelpText(
      'after',
      examples(
        ['labels tail', `the newest ${NEWEST}`],
        ['labels tail --from-beginning', 'everything that was published, to the end'],
        ['labels tail --follow --limit 5', 'the next five'],
      ),
    )
    .action((options: TailOptions) => withLabels(options.dataDir, deps, (source) => tail(options, source, deps)));
}

function getCommand(deps: CommandDeps): Command {
  return new Command('get')
    .description('Print what was published last for a product; exit code 1 when nothing ever was.')
    .argument('<product-id>', 'the id of the product')
    .addOption(dataDirOption(deps.config))
    .addHelpText('after', examples(['labels get 10000', 'its labels, or {"productId":"10000","deleted":true}']))
    .action((productId: string, { dataDir }: { dataDir: string }) => withLabels(dataDir, deps, (source) => get(productId, source, deps)));
}

async function tail({ fromBeginning = false, follow = false, limit }: TailOptions, source: LabelSource, deps: CommandDeps): Promise<void> {
  const most = limit ?? (fromBeginning || follow ? Number.POSITIVE_INFINITY : NEWEST);
  const lines = tailLabels(source, { fromBeginning, follow, limit: most, signal: deps.signal });
  for await (const line of lines) await deps.output.printJson(line);
}

async function get(productId: string, source: LabelSource, { output, signal, markFailed }: CommandDeps): Promise<void> {
  const line = await lastLabels(source, productId, signal);
  if (line !== null) return output.printJson(line);
  output.note(`labelstream: no labels of product ${productId} were ever published.`);
  markFailed();
}

async function withLabels(dataDir: string, deps: CommandDeps, work: (source: LabelSource) => Promise<void>): Promise<void> {
  const connection: Connection = await connectFrom(deps.config, dataDir);
  try {
    const topic = connection.topics.of('labels');
    const partitions = await connection.broker.describe([topic]);
    if (partitions.length === 0) {
      throw new LabelstreamError(
        'USAGE',
        `There is no topic ${topic}; start the services ("labelstream up") or set TOPIC_PREFIX to theirs.`,
      );
    }
    await work({ broker: connection.broker, labels: connection.codecs.labels, topic });
  } finally {
    await connection.close();
  }
}
