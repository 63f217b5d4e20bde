import { describeError, type ErrorCode, isLabelstreamError } from '@labelstream/shared/errors';
import type { Logger } from 'pino';
import type { Backfill } from './backfill.js';
import { DEFAULT_FLOW, decideFlow, type FlowSample, type FlowStatus, initialFlow } from './flow.js';
import type { BackfillStore, JobQueue } from './store.js';

/** Ranges that wait outside the queue below which the plan goes on. */
const PLAN_BELOW = 1000;

/** Without a backfill it is only learned what the live lane takes undisturbed. */
const IDLE_CONTROL_TICKS = 5;

export interface SuperviseDeps {
  readonly workerId: string;
  readonly store: BackfillStore;
  readonly queue: JobQueue;
  /** Throws BROKER_UNAVAILABLE. */
  readonly measure: () => Promise<Pick<FlowSample, 'inFlight' | 'liveLag' | 'liveLatencyMs'>>;
  /** Ranges that this worker does at a time; the others are taken to be like it. */
  readonly concurrency: number;
  readonly now: () => number;
  readonly log: Logger;
  readonly onFlow: (flow: FlowStatus) => void;
}

/** What one worker does for all: it plans, hands out and measures. Any worker can, and one does at a time. */
export interface Supervisor {
  /** Once a second. Does nothing where another one leads; never rejects. */
  tick(): Promise<void>;
  /** Whether this one led at the last tick. */
  leads(): boolean;
  /** What was down at the last tick. */
  outages(): ErrorCode[];
}

/** Creates a supervisor; it does nothing by itself. */
export function createSupervisor(deps: SuperviseDeps): Supervisor {
  const { workerId, store, log } = deps;
  const control = createFlowControl(deps);
  let leads = false;
  let ticks = 0;
  let outages: ErrorCode[] = [];

  async function lead(): Promise<void> {
    await store.beat(workerId);
    leads = await store.lead(workerId);
    if (!leads) return;
    const active = (await store.list()).filter(({ state }) => state === 'planning' || state === 'running');
    await handOut(active, deps);
    if (active.length > 0 || ticks % IDLE_CONTROL_TICKS === 0) await control();
    ticks += 1;
  }

  return {
    leads: () => leads,
    outages: () => outages,
    async tick() {
      try {
        await lead();
        outages = [];
      } catch (error) {
        outages = isLabelstreamError(error) ? [error.code] : [];
        log.warn({ reason: describeError(error) }, 'backfills are not looked after right now');
      }
    },
  };
}

/**
 * Keeps a few ranges of every running backfill in the queue: enough for all workers, and so few that one backfill cannot put itself before
 * another of the same priority. Jobs are added as long as their ranges are open, which also brings back any that got lost.
 */
async function handOut(active: readonly Backfill[], { store, queue, concurrency }: SuperviseDeps): Promise<void> {
  const workers = Math.max(1, (await store.workers()).length);
  const window = 2 * workers * concurrency;
  for (const backfill of active) {
    const { name, id, priority, planComplete, state, counts } = backfill;
    if (!planComplete && counts.rangesPending < PLAN_BELOW) await queue.add([{ name, id, priority }]);
    if (state !== 'running') continue;
    const ordinals = await store.openRanges(backfill, window);
    await queue.add(ordinals.sort((a, b) => a - b).map((ordinal) => ({ name, id, priority, ordinal })));
  }
}

function createFlowControl({ store, measure, now, onFlow }: SuperviseDeps): () => Promise<void> {
  let state = initialFlow(DEFAULT_FLOW);
  return async () => {
    // Before the lag: rows that are sent in between count as in flight, never as finished.
    const admitted = await store.admitted();
    const sample = { atMs: now(), admitted, ...(await measure()) };
    const decision = decideFlow(state, sample, DEFAULT_FLOW);
    state = decision.state;
    await store.setFlow(decision.status);
    onFlow(decision.status);
  };
}
