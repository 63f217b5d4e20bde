import type { Backfill, BackfillCounts } from '@labelstream/backfill/job/backfill';
import type { FlowStatus } from '@labelstream/backfill/job/flow';
import { progressOf, type RowsAt } from '@labelstream/backfill/job/progress';
import { EXIT, type ExitCode } from '../exit-code.js';
import { type Output, type Paint, renderTable } from '../output.js';
import { round } from '../round.js';

const time = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

/** Rows that were read and not wanted: by `--where`, before `--since`, or older records of a product. */
const passedOver = ({ rowsRead, rowsSent, rowErrors }: BackfillCounts) => Math.max(0, rowsRead - rowsSent - rowErrors);

/** A backfill as JSON: what `status`, `list`, `start` and the lines of progress say. */
export function backfillDocument(backfill: Backfill, nowMs: number, before?: RowsAt) {
  const { name, from, state, priority, rate, maxErrors, counts, planComplete, reason } = backfill;
  const progress = progressOf(backfill, nowMs, before);
  return {
    name,
    from,
    state,
    ...(reason === undefined ? {} : { reason }),
    priority,
    rate: rate ?? null,
    maxErrors,
    share: round(progress.share, 4),
    rowsTotal: progress.rowsTotal === 0 ? null : progress.rowsTotal,
    rowsRead: counts.rowsRead,
    rowsSent: counts.rowsSent,
    rowsPassedOver: passedOver(counts),
    rowErrors: counts.rowErrors,
    rowsPerSecond: round(progress.rowsPerSecond),
    secondsLeft: progress.secondsLeft === undefined ? null : Math.ceil(progress.secondsLeft),
    ranges: {
      planned: counts.rangesPlanned,
      allPlanned: planComplete,
      done: counts.rangesDone,
      failed: counts.rangesFailed,
      open: counts.rangesOpen,
      pending: counts.rangesPending,
    },
    createdAt: time(backfill.createdAtMs),
    startedAt: time(backfill.startedAtMs),
    endedAt: time(backfill.endedAtMs),
  };
}

/** The flow control as JSON; null before it has ever decided. */
export function flowDocument(flow: FlowStatus | null) {
  if (flow === null) return null;
  const { atMs, admitted: _, restLatencyMs, liveLatencyMs, ...rest } = flow;
  return { at: time(atMs), ...rest, liveP99Ms: liveLatencyMs, liveP99AtRestMs: restLatencyMs };
}

/** What a command ends with for a backfill that has come to its end. */
export function exitCodeFor({ state, counts }: Backfill): ExitCode {
  if (state === 'failed') return EXIT.failed;
  if (state === 'cancelled') return EXIT.cancelled;
  return counts.rowErrors > 0 ? EXIT.rowErrors : EXIT.ok;
}

/** Seconds for people: `45s`, `3m 20s`, `2h 05m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}

/** What stands behind the numbers of a progress bar. */
export function progressDetail(backfill: Backfill, nowMs: number, before?: RowsAt): string {
  const { rowsPerSecond, secondsLeft } = progressOf(backfill, nowMs, before);
  const { state, counts } = backfill;
  return [
    state === 'running' ? `${round(rowsPerSecond)} rows/s` : state,
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
    ...(passedOver(counts) === 0 ? [] : [`${counts.rowsSent} sent`]),
    ...(counts.rowErrors === 0 ? [] : [`${counts.rowErrors} row errors`]),
    ...(counts.rangesFailed === 0 ? [] : [`${counts.rangesFailed} failed ranges`]),
  ].join(', ');
}

function stateText({ state }: Backfill, paint: Paint): string {
  if (state === 'done') return paint.green(state);
  if (state === 'failed') return paint.red(state);
  return state === 'paused' || state === 'cancelled' ? paint.yellow(state) : state;
}

/** All backfills as a table. */
export function listText(backfills: readonly Backfill[], nowMs: number, { paint }: Output): string {
  if (backfills.length === 0) return 'There are no backfills; "labelstream backfill start" makes one.';
  const rows = backfills.map((backfill) => {
    const { name, from, priority, counts } = backfill;
    const { share, rowsPerSecond, secondsLeft } = progressOf(backfill, nowMs);
    const numbers = [counts.rowsRead, counts.rowsSent, counts.rowErrors, round(rowsPerSecond)].map(String);
    return [name, from, stateText(backfill, paint), String(priority), `${Math.floor(share * 100)}%`, ...numbers, left(secondsLeft)];
  });
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [{ title: 'name' }, { title: 'from' }, { title: 'state' }, right('priority'), right('done')];
  return renderTable([...columns, right('read'), right('sent'), right('errors'), right('read/s'), right('left')], rows);
}

const left = (secondsLeft: number | undefined) => (secondsLeft === undefined ? '' : duration(secondsLeft));

/** One backfill, for people. */
export function statusText(backfill: Backfill, flow: FlowStatus | null, workers: number, nowMs: number, { paint }: Output): string {
  const { name, counts, planComplete, reason, state } = backfill;
  const { share, rowsTotal } = progressOf(backfill, nowMs);
  const known = rowsTotal === 0 ? 'an unknown number' : `about ${rowsTotal}`;
  return [
    `${paint.bold(name)}  ${stateText(backfill, paint)}  ${Math.floor(share * 100)}%  ${progressDetail(backfill, nowMs)}`,
    ...(reason === undefined ? [] : [paint.red(reason)]),
    `rows:    ${rowsText(backfill, state === 'done' ? String(rowsTotal) : known)}`,
    `ranges:  ${counts.rangesDone} done, ${counts.rangesOpen} with the workers, ${counts.rangesPending} waiting, ${counts.rangesFailed} failed, of ${counts.rangesPlanned}${planComplete ? '' : ' found so far'}`,
    `workers: ${workers}${workers === 0 ? paint.yellow(`  (${NO_WORKER})`) : ''}`,
    ...(flow === null ? [] : [flowText(flow)]),
  ].join('\n');
}

function rowsText({ counts, maxErrors }: Backfill, total: string): string {
  const over = passedOver(counts);
  const ends = [`${counts.rowsSent} sent`, ...(over === 0 ? [] : [`${over} passed over`]), `${counts.rowErrors} cannot be sent`];
  return `${counts.rowsRead} read of ${total}: ${ends.join(', ')} (at most ${maxErrors})`;
}

/** What to do where nobody works. */
export const NO_WORKER = 'nobody works on backfills: "labelstream up" starts a worker here, "labelstream backfill work" is one';

function flowText(flow: FlowStatus): string {
  const live = flow.liveLatencyMs === null ? 'no live labels' : `live p99 ${Math.round(flow.liveLatencyMs)} ms`;
  const rest = flow.restLatencyMs === null ? '' : ` (${Math.round(flow.restLatencyMs)} ms at rest)`;
  const cap = flow.rateCap === null ? '' : `, held to ${round(flow.rateCap)} rows/s for the sake of the live lane`;
  return `flow:    ${flow.inFlight} of ${flow.windowRows} rows in flight, ${flow.drainPerSecond} rows/s finished, ${live}${rest}${cap}`;
}
