import { FIGURES } from '../figures.js';
import type { Plan, WorkPlan } from './plan.js';

/** A row of a plan: what, and its value for each plan. */
export type PlanRow = readonly [what: string, ...values: string[]];

/** The plans side by side, for a terminal or a page. */
export function planRows(plans: readonly Plan[]): PlanRow[] {
  const row = (what: string, value: (plan: Plan) => string): PlanRow => [what, ...plans.map(value)];
  const stageNames = plans[0]?.stages.map(({ stage }) => stage) ?? [];
  return [
    row('listings', ({ inputs }) => count(inputs.listings)),
    row('changes a day', ({ inputs }) => count(inputs.changesPerDay)),
    row('live listings/s at the busiest', ({ inputs }) => count(inputs.livePerSecond)),
    ...stageNames.map((name, at) =>
      row(`${name} instances, live + backfill`, ({ stages }) => `${stages[at]?.live ?? 0} + ${stages[at]?.backfill ?? 0}`),
    ),
    row(
      'partitions of each topic',
      ({ partitions, isBeyondOneDeployment }) => `${partitions}${isBeyondOneDeployment ? ' (not enough)' : ''}`,
    ),
    row('Kafka, live stream', ({ kafka }) => bytes(kafka.liveBytes)),
    row('Kafka, backfill', ({ kafka }) => bytes(kafka.backfillBytes)),
    row('Kafka, labels', ({ kafka }) => bytes(kafka.labelBytes)),
    row('Kafka, all copies', ({ kafka }) => bytes(kafka.storedBytes)),
    row('Kafka, written a second', ({ kafka }) => bytes(kafka.writtenBytesPerSecond)),
    row('Redis state', ({ redis }) => bytes(redis.stateBytes)),
    row('Redis cache, under way', ({ redis }) => bytes(redis.cacheUnderWayBytes)),
    row('Redis cache, full life', ({ redis }) => bytes(redis.cacheFullLifeBytes)),
    row('token archive', ({ archive }) => bytes(archive.bytes)),
    row('token archive, objects', ({ archive }) => count(archive.objects)),
    row('token archive, a month', ({ archive }) => money(archive.storagePerMonth)),
    row('token archive, writing it', ({ archive }) => money(archive.writing)),
    ...workRows('full backfill', row, ({ backfill }) => backfill),
    ...workRows('re-label from tokens', row, ({ relabel }) => relabel),
  ];
}

function workRows(what: string, row: (what: string, value: (plan: Plan) => string) => PlanRow, of: (plan: Plan) => WorkPlan): PlanRow[] {
  return [
    row(`${what}, listings/s`, (plan) => count(of(plan).listingsPerSecond)),
    row(`${what}, time`, (plan) => duration(of(plan).hours)),
    row(`${what}, instance hours`, (plan) => count(of(plan).instanceHours)),
    row(`${what}, cost`, (plan) => money(of(plan).cost)),
  ];
}

/** Every figure that plans rest on, with how it was come by. */
export function figureRows(): (readonly [what: string, value: string, how: string, source: string])[] {
  const rows = (what: string, figure: object): (readonly [string, string, string, string])[] => {
    if (isFigure(figure)) return [[what, `${figure.value} ${figure.unit}`.trim(), figure.how, figure.source]];
    return Object.entries(figure).flatMap(([name, inner]) => rows(`${what} ${name}`, inner as object));
  };
  return Object.entries(TITLES).flatMap(([name, title]) => rows(title, FIGURES[name as keyof typeof FIGURES]));
}

const TITLES: Readonly<Record<keyof typeof FIGURES, string>> = {
  cpuMs: 'processor time a listing:',
  recordBytes: 'record:',
  recordOverheadBytes: 'overhead of a record',
  redisBytes: 'Redis memory:',
  archiveBytes: 'archived:',
  archiveRatio: 'archived, compressed ÷ not',
  archiveObjectBytes: 'object of the archive',
  pixelLifeSeconds: 'life of pixels in the cache',
  tokenLifeSeconds: 'life of token sequences in the cache',
};

const isFigure = (value: object): value is { value: number; unit: string; how: string; source: string } => 'how' in value;

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes with three digits and a decimal unit. */
export function bytes(value: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  return `${threeDigits(value / 1000 ** power)} ${BYTE_UNITS[power]}`;
}

const count = (value: number) => Math.round(value).toLocaleString('en-US');
const money = (value: number) => `$${value < 100 ? value.toFixed(2) : count(value)}`;
const duration = (hours: number) =>
  hours < 1 ? `${threeDigits(hours * 60)} min` : hours < 72 ? `${threeDigits(hours)} h` : `${threeDigits(hours / 24)} days`;
const threeDigits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
