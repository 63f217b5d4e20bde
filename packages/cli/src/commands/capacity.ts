import { LabelstreamError } from '@labelstream/shared/errors';
import { Command, Option } from 'commander';
import { type MeasureFlags, measure } from '../capacity/measure/command.js';
import { renderMeasure } from '../capacity/measure/render.js';
import { DEFAULT_PRICES, planInputs } from '../capacity/plan/inputs.js';
import { makePlan } from '../capacity/plan/plan.js';
import { planRows } from '../capacity/plan/render.js';
import { DEFAULTS, parseBackfill, parseInstances, pipelineSpec } from '../capacity/simulation/options.js';
import { renderSimulation } from '../capacity/simulation/render.js';
import { simulate } from '../capacity/simulation/simulate.js';
import { type CommandDeps, type CommandFactory, examples, wholeNumber } from '../command.js';
import { renderTable } from '../output.js';
import { addSourceOptions } from '../source/options.js';

interface JsonFlag {
  readonly json?: boolean;
}

interface PlanFlags extends JsonFlag {
  readonly listings: number;
  readonly changesPerDay?: number;
  readonly liveRate?: number;
  readonly backfillDays?: number;
  readonly utilisation?: number;
  readonly replication?: number;
  readonly coreHour: number;
  readonly objectGbMonth: number;
  readonly thousandPuts: number;
  readonly thousandGets: number;
}

interface SimulateFlags extends JsonFlag {
  readonly instances: string;
  readonly partitions: number;
  readonly liveRate: number;
  readonly backfill: string;
  readonly minutes: number;
  readonly seed: number;
  readonly batchSize?: number;
  readonly inFlight: number;
  readonly backfillShare: number;
  readonly backfillBatchMs: number;
  readonly window: number;
}

/** `labelstream capacity`: how much of everything it takes. */
export const capacityCommand: CommandFactory = (deps) => {
  const capacity = new Command('capacity').description('How many instances and bytes a catalogue takes: planned, simulated, measured.');
  addPlan(capacity, deps);
  addSimulate(capacity, deps);
  addMeasure(capacity, deps);
  return capacity;
};

/** A number above 0, also as `1e8`. */
function amount(option: string, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value > 0 && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${max}`;
    throw new LabelstreamError('USAGE', `${option} takes a number above 0${range}; "${text}" is none.`);
  };
}

function addPlan(capacity: Command, deps: CommandDeps): void {
  const { coreHour, objectGbMonth, thousandPuts, thousandGets } = DEFAULT_PRICES;
  capacity
    .command('plan')
    .description('Partitions, instances, bytes, time and cost of a catalogue, from the figures in docs/capacity.md.')
    .addOption(
      new Option('--listings <n>', 'size of the catalogue, for example 1e8').argParser(amount('--listings', 1e12)).makeOptionMandatory(),
    )
    .option('--changes-per-day <n>', 'changed listings a day (default: 1 % of the catalogue)', amount('--changes-per-day'))
    .option('--live-rate <n>', 'live listings a second at the busiest (default: 3 times the mean)', amount('--live-rate'))
    .option('--backfill-days <n>', 'days in which the whole catalogue is to be backfilled (default: 7)', amount('--backfill-days'))
    .option('--utilisation <share>', 'share of a core that is planned for (default: 0.7)', amount('--utilisation', 1))
    .option('--replication <n>', 'copies of each Kafka record (default: 3)', wholeNumber('--replication', 1, 10))
    .option('--core-hour <price>', 'of an instance of one core', amount('--core-hour'), coreHour)
    .option('--object-gb-month <price>', 'of a gigabyte of object storage for a month', amount('--object-gb-month'), objectGbMonth)
    .option('--thousand-puts <price>', 'of a thousand objects written', amount('--thousand-puts'), thousandPuts)
    .option('--thousand-gets <price>', 'of a thousand objects read', amount('--thousand-gets'), thousandGets)
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      examples(
        ['capacity plan --listings 1e8', 'a hundred million listings'],
        ['capacity plan --listings 1e8 --live-rate 500 --json', 'for machines'],
      ),
    )
    .action((flags: PlanFlags) => plan(flags, deps));
}

async function plan(
  { json, coreHour, objectGbMonth, thousandPuts, thousandGets, liveRate, ...given }: PlanFlags,
  { output }: CommandDeps,
): Promise<void> {
  const prices = { coreHour, objectGbMonth, thousandPuts, thousandGets };
  const made = makePlan(planInputs({ ...given, prices, ...(liveRate === undefined ? {} : { livePerSecond: liveRate }) }));
  if (json === true) return output.printJson(made);
  await output.print(table(['', 'plan'], planRows([made])));
}

function addSimulate(capacity: Command, deps: CommandDeps): void {
  capacity
    .command('simulate')
    .description('Live latency and backfill rate of a deployment, by simulation.')
    .option('--instances <list>', 'instances of one core, as in ingest=2,encoder=4; one of each stage not named', '')
    .option('--partitions <n>', 'partitions of each topic', wholeNumber('--partitions', 1, 1024), DEFAULTS.TOPIC_PARTITIONS)
    .option('--live-rate <n>', 'live listings a second, by chance', amount('--live-rate', 100_000), 20)
    .option('--backfill <load>', 'saturating, off, or listings a second', 'saturating')
    .option('--minutes <n>', 'simulated time', amount('--minutes', 1440), 10)
    .option('--seed <n>', 'the same seed gives the same result', wholeNumber('--seed', 0), 1)
    .option('--batch-size <n>', 'BATCH_MAX_SIZE (default: what suits each stage)', wholeNumber('--batch-size', 1, 4096))
    .option('--in-flight <n>', 'MAX_IN_FLIGHT', wholeNumber('--in-flight', 1, 64), DEFAULTS.MAX_IN_FLIGHT)
    .option('--backfill-share <share>', 'BACKFILL_SHARE', amount('--backfill-share', 1), DEFAULTS.BACKFILL_SHARE)
    .option('--backfill-batch-ms <n>', 'BACKFILL_BATCH_MS', wholeNumber('--backfill-batch-ms', 0, 60_000), DEFAULTS.BACKFILL_BATCH_MS)
    .option('--window <n>', 'listings of a saturating backfill under way', wholeNumber('--window', 1, 1_000_000), 1024)
    .option('--json', 'print one JSON line')
    .addHelpText(
      'after',
      examples(
        ['capacity simulate --live-rate 50', 'the default deployment under a backfill'],
        ['capacity simulate --instances encoder=4,fusion=2 --backfill off', 'and without one, on more machines'],
      ),
    )
    .action((flags: SimulateFlags) => simulateFrom(flags, deps));
}

async function simulateFrom(flags: SimulateFlags, { output }: CommandDeps): Promise<void> {
  const { liveRate, batchSize, inFlight, backfill, instances, window, json, ...rest } = flags;
  const spec = pipelineSpec({
    ...rest,
    instances: parseInstances(instances),
    livePerSecond: liveRate,
    backfill: parseBackfill(backfill, window),
    maxBatchSize: batchSize,
    maxBatchAgeMs: DEFAULTS.BATCH_MAX_AGE_MS,
    maxInFlight: inFlight,
  });
  const result = simulate(spec);
  await (json === true ? output.printJson(result) : output.print(renderSimulation(result, table)));
}

function addMeasure(capacity: Command, deps: CommandDeps): void {
  addSourceOptions(
    capacity
      .command('measure')
      .description('Measure a pipeline of its own at rest, live, under a backfill and with both; simulate the same.'),
  )
    .option('--live-rate <n>', 'live listings a second', wholeNumber('--live-rate', 1, 100_000), 10)
    .option('--seconds <n>', 'length of a phase', wholeNumber('--seconds', 4, 3600), 30)
    .option('--window <n>', 'listings of the backfill kept under way', wholeNumber('--window', 1, 1_000_000), 512)
    .option('--partitions <n>', 'partitions of each topic', wholeNumber('--partitions', 1, 1024), 4)
    .option('--seed <n>', 'of the arrivals', wholeNumber('--seed', 0), 1)
    .option('--json', 'end with one JSON line on stdout')
    .addHelpText(
      'after',
      examples(['capacity measure --source products.csv --images pictures.tar', 'what this machine does with your listings']),
    )
    .action(async ({ json, ...flags }: MeasureFlags & JsonFlag) => {
      const report = await measure(flags, deps);
      await (json === true ? deps.output.printJson(report) : deps.output.print(renderMeasure(report, table)));
    });
}

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  renderTable(
    header.map((title, at) => ({ title, align: at === 0 ? ('left' as const) : ('right' as const) })),
    rows,
  );
