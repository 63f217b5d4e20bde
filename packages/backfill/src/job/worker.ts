import { describeError, type ErrorCode, isLabelstreamError, LabelstreamError } from '@labelstream/shared/errors';
import { sleep } from '@labelstream/shared/stream/wake-up';
import type { Logger } from 'pino';
import type { RowError } from '../kind.js';
import type { Backfill } from './backfill.js';
import { type BackfillKinds, createOpenings } from './openings.js';
import { planRanges } from './plan.js';
import { runRange } from './run-range.js';
import type { BackfillJob, BackfillRef, BackfillStore, JobEnd, JobQueue, RangeEnd } from './store.js';
import type { Supervisor } from './supervise.js';

const SUPERVISE_EVERY_MS = 1000;
const LOOK_EVERY_MS = 500;
/** Jobs at the head of the queue among which another backfill is looked for. */
const LOOKED_AT = 50;

export interface WorkerMetrics {
  rangesUnderWay(count: number): void;
  rangeEnded(end: RangeEnd['kind'] | 'again'): void;
  rows(rows: { readonly read: number; readonly sent: number }): void;
  rowError(error: RowError): void;
}

export interface BackfillWorkerDeps {
  readonly workerId: string;
  readonly kinds: BackfillKinds;
  readonly store: BackfillStore;
  readonly queue: JobQueue;
  readonly supervisor: Supervisor;
  /** Ranges at a time. */
  readonly concurrency: number;
  /** A range that has run for this long makes room for another backfill that waits. */
  readonly sliceMs: number;
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: WorkerMetrics;
}

/** A worker at work. */
export interface BackfillWorker {
  /** Jobs at work in this process. */
  underWay(): number;
  outages(): ErrorCode[];
  /** Epoch milliseconds of the last look around; a worker whose looks stop is stuck. */
  lookedAtMs(): number;
  /** Lets go of what is under way, and ends. Rows that were sent are noted, and the rest goes on elsewhere. */
  stop(): Promise<void>;
}

interface UnderWay {
  readonly ref: BackfillRef;
  readonly priority: number;
  readonly beganAtMs: number;
  readonly stop: AbortController;
  /** Whether anything was noted as done: one that lets go before that would begin at the same row again, and again. */
  hasProgressed: boolean;
}

const stopped = (why: string) => new LabelstreamError('QUEUE_UNAVAILABLE', why);

/** Starts a worker. Throws QUEUE_UNAVAILABLE. */
export async function startBackfillWorker(deps: BackfillWorkerDeps): Promise<BackfillWorker> {
  const { workerId, store, queue, supervisor, concurrency, log, now } = deps;
  const ending = new AbortController();
  const openings = createOpenings(deps.kinds, ending.signal);
  const underWay = new Set<UnderWay>();
  const work = { ...deps, openings, underWay };
  const looks = createLooks(work);
  let lookedAtMs = now();

  async function repeat(everyMs: number, act: () => Promise<void>): Promise<void> {
    while (!ending.signal.aborted) {
      await act().catch((error: unknown) => log.debug({ reason: describeError(error) }, 'a look around failed'));
      lookedAtMs = now();
      await sleep(everyMs, ending.signal);
    }
  }

  await supervisor.tick();
  await queue.work((job) => handle(job, work), { concurrency });
  const loops = [repeat(SUPERVISE_EVERY_MS, () => supervisor.tick()), repeat(LOOK_EVERY_MS, looks)];
  return {
    underWay: () => underWay.size,
    outages: () => supervisor.outages(),
    lookedAtMs: () => lookedAtMs,
    async stop() {
      ending.abort();
      for (const { stop } of underWay) stop.abort(stopped('the worker ends'));
      await queue.close();
      await Promise.all(loops);
      await openings.close();
      await store.leave(workerId).catch((error: unknown) => log.debug({ reason: describeError(error) }, 'left without saying so'));
    },
  };
}

interface Work extends BackfillWorkerDeps {
  readonly openings: ReturnType<typeof createOpenings>;
  readonly underWay: Set<UnderWay>;
}

/** Stops what is not to go on: of a backfill that was paused or has ended, and what has had its turn while others wait. */
function createLooks({ store, queue, openings, underWay, sliceMs, now }: Work): () => Promise<void> {
  async function makeRoom(): Promise<void> {
    const due = [...underWay]
      .filter(({ beganAtMs, hasProgressed }) => hasProgressed && now() - beganAtMs >= sliceMs)
      .sort((a, b) => a.beganAtMs - b.beganAtMs);
    if (due.length === 0) return;
    const waiting = await queue.waiting(LOOKED_AT);
    const yielding = due.find(({ ref, priority }) => waiting.some((job) => job.id !== ref.id && job.priority <= priority));
    yielding?.stop.abort(stopped('another backfill has its turn'));
  }

  return async () => {
    const current = [...underWay];
    const refs = [...current.map(({ ref }) => ref), ...openings.opened()];
    if (refs.length === 0) return;
    const states = await store.states(refs);
    const isOn = (i: number) => states[i] === 'running' || states[i] === 'planning';
    current.forEach(({ stop }, i) => {
      if (!isOn(i)) stop.abort(stopped('the backfill is paused or has ended'));
    });
    await makeRoom();
    // What is still under way needs its source until it has let go.
    const needed = refs.filter((_, i) => isOn(i)).map(({ id }) => id);
    await openings.keepOnly(new Set([...needed, ...[...underWay].map(({ ref }) => ref.id)]));
  };
}

async function handle(job: BackfillJob, work: Work): Promise<JobEnd> {
  const { store, underWay, metrics, now } = work;
  const backfill = await store.get(job.name);
  if (backfill === null || backfill.id !== job.id) return 'done';
  const stop = new AbortController();
  const entry: UnderWay = { ref: job, priority: job.priority, beganAtMs: now(), stop, hasProgressed: false };
  underWay.add(entry);
  metrics.rangesUnderWay(underWay.size);
  try {
    if (job.ordinal !== undefined) return await range(backfill, job.ordinal, entry, work);
    await plan(backfill, stop, work);
    return 'done';
  } finally {
    underWay.delete(entry);
    metrics.rangesUnderWay(underWay.size);
  }
}

async function plan(backfill: Backfill, stop: AbortController, { store, queue, openings, concurrency, log }: Work): Promise<void> {
  if (backfill.planComplete || (backfill.state !== 'planning' && backfill.state !== 'running')) return;
  try {
    const ranges = await planRanges(backfill, await openings.open(backfill), store, stop.signal);
    log.info({ backfill: backfill.name, ranges }, 'planned');
    await handOutAtOnce(backfill, concurrency, store, queue);
  } catch (error) {
    if (stop.signal.aborted) return;
    if (isLabelstreamError(error) && error.retriable) throw error;
    log.warn({ backfill: backfill.name, reason: describeError(error) }, 'a backfill cannot be planned');
    await store.fail(backfill, error instanceof Error ? error.message : String(error));
  }
}

async function range(backfill: Backfill, ordinal: number, entry: UnderWay, work: Work): Promise<JobEnd> {
  const { store, queue, openings, metrics, log } = work;
  const claim = await store.claim(backfill, ordinal);
  if (claim === null) return 'done';
  const open = () => openings.open(backfill);
  const onProgress: WorkerMetrics['rows'] = (rows) => {
    entry.hasProgressed = true;
    metrics.rows(rows);
  };
  const deps = { store, backfill, claim, open, stop: entry.stop, onProgress, onRowError: metrics.rowError };
  const end = await runRange(deps).catch(async (error: unknown) => {
    metrics.rangeEnded('again');
    await store.endRange(claim, { kind: 'released' });
    throw error;
  });
  await store.endRange(claim, end);
  metrics.rangeEnded(end.kind);
  if (end.kind === 'failed') log.warn({ backfill: backfill.name, range: claim.range.name, reason: end.message }, 'a range cannot be sent');
  if (end.kind === 'released') return (await isRunning(backfill, store)) ? 'again' : 'done';
  await handOutAtOnce(backfill, backfill.counts.rangesOpen, store, queue);
  return 'done';
}

const isRunning = async (ref: BackfillRef, store: BackfillStore) => (await store.states([ref]))[0] === 'running';

/** Until so many are open, without waiting for the supervisor, who looks only now and then. */
async function handOutAtOnce(backfill: Backfill, max: number, store: BackfillStore, queue: JobQueue): Promise<void> {
  const { name, id, priority } = backfill;
  const ordinals = await store.openRanges(backfill, Math.max(1, max));
  await queue.add(ordinals.map((ordinal) => ({ name, id, priority, ordinal })));
}
