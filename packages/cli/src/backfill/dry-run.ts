import type { Backfill, NewBackfill } from '@labelstream/backfill/job/backfill';
import type { OpenBackfill, Survey } from '@labelstream/backfill/kind';
import { round } from '../round.js';
import { duration } from './document.js';
import { type Estimate, estimate, type SpeedFrom } from './estimate.js';

/** What a backfill would send, and what that would take. */
export interface DryRun extends Pick<NewBackfill, 'name' | 'from'>, Survey {
  /** Whether `rows` was counted; else it is what the source says of itself, before it is read. */
  readonly isExact: boolean;
  /** Absent where the number of rows is not known. */
  readonly estimate?: Estimate;
}

/** Counts what a backfill would send, and estimates. `earlier`: the backfills of the deployment, the newest first. Throws the reason of `signal`. */
export async function dryRunOf(
  backfill: NewBackfill,
  opened: Pick<OpenBackfill, 'plan' | 'survey'>,
  earlier: readonly Backfill[],
  signal: AbortSignal,
): Promise<DryRun> {
  const { ranges, rows } = (await opened.survey?.()) ?? (await addUp(opened, signal));
  const guess = estimate(backfill, rows, earlier);
  const { name, from } = backfill;
  return { name, from, ranges, rows, isExact: opened.survey !== undefined, ...(guess === undefined ? {} : { estimate: guess }) };
}

async function addUp({ plan }: Pick<OpenBackfill, 'plan'>, signal: AbortSignal): Promise<Survey> {
  let [ranges, rows] = [0, 0];
  for await (const { estimatedRows = 0 } of plan()) {
    signal.throwIfAborted();
    ranges += 1;
    rows += estimatedRows;
  }
  return { ranges, rows };
}

/** A dry run as JSON; null where the number of rows is not known. */
export function dryRunDocument({ name, from, ranges, rows, isExact, estimate: guess }: DryRun) {
  return {
    dryRun: true,
    name,
    from,
    ranges,
    rows: isExact || rows > 0 ? rows : null,
    rowsAreExact: isExact,
    seconds: guess === undefined ? null : Math.ceil(guess.seconds),
    rowsPerSecond: guess === undefined ? null : round(guess.rowsPerSecond),
    speedFrom: guess?.speedFrom ?? null,
    coreHours: guess === undefined ? null : round(guess.coreHours, 4),
    costUsd: guess === undefined ? null : round(guess.cost, 4),
    assumedCoreHourPriceUsd: guess?.coreHourPrice ?? null,
  };
}

const SPEEDS: Readonly<Record<SpeedFrom, string>> = {
  rate: 'the ceiling of --rate',
  lastBackfill: 'the speed of the last backfill here',
  figures: 'one instance of each service on a core of its own, by the figures of docs/capacity.md',
};

/** A dry run for people. */
export function dryRunText({ ranges, rows, isExact, estimate: guess }: DryRun): string {
  const howMany = isExact ? `${rows} rows` : rows > 0 ? `about ${rows} rows` : 'an unknown number of rows';
  const first = `${howMany} in ${ranges} ${ranges === 1 ? 'range' : 'ranges'}; nothing was sent.`;
  if (guess === undefined) return `${first} How long that takes, and what it costs, depends on how many they are.`;
  const { seconds, rowsPerSecond, speedFrom, coreHours, cost, coreHourPrice } = guess;
  return [
    first,
    `time: about ${duration(seconds)} at ${round(rowsPerSecond)} rows/s (${SPEEDS[speedFrom]})`,
    `cost: ${dollars(cost)} (${Number(coreHours.toPrecision(2))} core hours at $${coreHourPrice} a core hour, an assumed price)`,
  ].join('\n');
}

const dollars = (value: number) => (value < 0.01 ? 'less than $0.01' : `about $${value.toFixed(2)}`);
