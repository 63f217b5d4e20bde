import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { LabelstreamError } from '@labelstream/shared/errors';
import { LANES, type Lane } from '@labelstream/shared/events/lane';
import type { ProductLabels } from '@labelstream/shared/events/records';
import { Command, Option } from 'commander';
import { type CommandDeps, type CommandFactory, examples } from '../command.js';
import type { DemoPlan } from '../demo/plan.js';
import { renderSummary } from '../demo/render.js';
import { type DemoRun, runDemo } from '../demo/run.js';
import { sourcePlan } from '../demo/source-plan.js';
import { type DemoSummary, summarise } from '../demo/summary.js';
import { renderTable } from '../output.js';
import { openPipeline } from '../pipeline/open.js';
import type { Pipeline, PipelineOptions } from '../pipeline/pipeline.js';
import { dataFolder } from '../source/data-folder.js';
import { parseDrop } from '../source/drop.js';
import { addSourceOptions, parseWhere, type SourceFlags } from '../source/options.js';

const PARTITIONS = 4;
/** Longer than the slowest retry of the demo and the start of a cold service together. */
const STALL_MS = 60_000;
/** A late image is asked for again soon, so that nobody has to wait for the end of the demo. */
const RETRY_DELAYS_MS = '1000,2000,4000,8000,16000';

interface DemoFlags extends Partial<SourceFlags> {
  readonly engine: PipelineOptions['engine'];
  readonly lane: Lane;
  readonly drop?: string;
  readonly out?: string;
  readonly evaluate?: boolean;
  readonly json?: boolean;
}

/** `labelstream demo`: everything in one go, on sample listings or on one's own. */
export const demoCommand: CommandFactory = (deps) =>
  addSourceOptions(
    new Command('demo').description('Stream sample listings, or your own, through the four services and show what comes out.'),
  )
    .addOption(new Option('--engine <engine>', 'where Kafka and Redis run').choices(['auto', 'docker', 'native', 'memory']).default('auto'))
    .addOption(new Option('--lane <lane>', 'lane to send the listings through').choices([...LANES]).default('live'))
    .option('--drop <what>', 'take a modality away: image, text, or mixed:SHARE (half of the share each)')
    .option('--out <file>', 'write the last labels of every listing to a JSON Lines file')
    .option('--evaluate', 'compare with the columns named like tasks (the samples are always compared)')
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText(
      'after',
      examples(
        ['demo', 'sample listings, some of them damaged'],
        ['demo --source products.csv --images pictures.tar --limit 500', 'your own listings'],
        ['demo --source products.csv --images pictures/ --drop image --evaluate', 'how good are labels from the text alone?'],
      ),
    )
    .action((flags: DemoFlags) => demo(flags, deps));

async function demo(flags: DemoFlags, deps: CommandDeps): Promise<void> {
  const { config, output } = deps;
  const drop = parseDrop(flags.drop);
  if (flags.drop !== undefined && flags.source === undefined)
    throw new LabelstreamError('USAGE', '--drop needs listings of your own: add --source FILE.');
  const folder = dataFolder(config);
  const plan = await makePlan(flags, drop, folder);
  const runId = `${Date.now().toString(36)}`;
  const pipeline = await openPipeline({
    engine: flags.engine,
    topicPrefix: `demo-${runId}.`,
    partitions: PARTITIONS,
    settings: { ...(plan.imageRoot === undefined ? {} : { IMAGE_FILE_ROOT: plan.imageRoot }), IMAGE_RETRY_DELAYS_MS: RETRY_DELAYS_MS },
    log: output.note,
    config,
    signal: deps.signal,
  });
  try {
    const run = await watch(pipeline, plan, flags, deps);
    const services = await pipeline.reports();
    const evaluate = flags.evaluate === true || flags.source === undefined;
    const summary = summarise({ plan, services, evaluate, engine: pipeline.engine, account: run.account, durationMs: run.durationMs });
    if (flags.out !== undefined) await writeLabels(flags.out, run.account.standing().values());
    if (summary.unaccounted > 0) deps.markFailed();
    await show(summary, flags, deps);
  } finally {
    await pipeline.stop();
  }
}

async function makePlan(flags: DemoFlags, drop: ReturnType<typeof parseDrop>, folder: string): Promise<DemoPlan> {
  await mkdir(folder, { recursive: true });
  if (flags.source === undefined) {
    const { samplePlan } = await import('../demo/sample-plan.js');
    return limited(await samplePlan(folder), flags.limit);
  }
  const { source, images, limit } = flags;
  const where = flags.where === undefined ? undefined : parseWhere(flags.where);
  return sourcePlan({
    source,
    drop,
    cacheDirectory: join(folder, 'images'),
    ...(images === undefined ? {} : { images }),
    ...(limit === undefined ? {} : { limit }),
    ...(where === undefined ? {} : { where }),
  });
}

function limited(plan: DemoPlan, limit: number | undefined): DemoPlan {
  if (limit === undefined) return plan;
  const messages = plan.messages.slice(0, limit);
  return { ...plan, messages, listings: new Set(messages.map(({ key }) => key)).size };
}

async function watch(pipeline: Pipeline, plan: DemoPlan, flags: DemoFlags, { output, signal }: CommandDeps): Promise<DemoRun> {
  const progress = output.progress('labelling');
  const startedAt = performance.now();
  try {
    return await runDemo(pipeline, plan, {
      lane: flags.lane,
      signal,
      stallMs: STALL_MS,
      onProgress: ({ sent, heard, total }) => {
        const perSecond = heard / Math.max(0.001, (performance.now() - startedAt) / 1000);
        progress.update(heard, total, `${sent} sent, ${perSecond.toFixed(0)}/s`);
      },
    });
  } finally {
    progress.end();
  }
}

async function writeLabels(file: string, labels: Iterable<ProductLabels>): Promise<void> {
  const handle = await open(file, 'w').catch((cause: unknown) => {
    throw new LabelstreamError('USAGE', `${file}: cannot be written; check the path given with --out.`, { cause });
  });
  try {
    for (const each of labels) await handle.write(`${JSON.stringify(each)}\n`);
  } finally {
    await handle.close();
  }
}

async function show(summary: DemoSummary, flags: DemoFlags, { output }: CommandDeps): Promise<void> {
  if (flags.json === true) return output.printJson(summary);
  const table = (header: readonly string[], rows: readonly (readonly string[])[]) =>
    renderTable(
      header.map((title, i) => ({ title, align: i === 0 ? ('left' as const) : ('right' as const) })),
      rows,
    );
  await output.print(`\n${renderSummary(summary, table)}`);
  if (flags.out !== undefined) output.note(`labels written to ${flags.out}`);
}
