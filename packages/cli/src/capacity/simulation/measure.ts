import { LANES, type Lane } from '@labelstream/shared/events/lane';
import { percentile } from '../../demo/summary.js';
import type { EventQueue } from './event-queue.js';
import type { Listing, SimulationSpec } from './model.js';
import { batchMeans, type Interval } from './statistics.js';

/** What became of a lane in the measured time. Latencies are from entering the first stage to leaving the last, in milliseconds. */
export interface LaneResult {
  readonly listings: number;
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Mean latency with its 99 % confidence interval; null with too few listings to tell. */
  readonly meanMs: Interval | null;
  /** Listings under way, mean over time. */
  readonly meanUnderWay: number;
}

/** Keeps count of listings, from `begin` on. */
export interface Measure {
  begin(): void;
  entered(listing: Listing): void;
  served(stageAt: number, listing: Listing): void;
  emitted(stageAt: number): void;
  left(listing: Listing): void;
  lanes(): Readonly<Record<Lane, LaneResult>>;
  stage(at: number): { readonly meanLiveWaitMs: number | null; readonly perSecond: number };
}

/** Listings under way, integrated over time. */
interface UnderWay {
  count: number;
  sinceMs: number;
  listingMs: number;
}

const noneUnderWay = (): UnderWay => ({ count: 0, sinceMs: 0, listingMs: 0 });

export function createMeasure({ queue, spec }: { readonly queue: EventQueue; readonly spec: SimulationSpec }): Measure {
  let isMeasuring = false;
  const latencies: Record<Lane, number[]> = { live: [], backfill: [] };
  const underWay: Record<Lane, UnderWay> = { live: noneUnderWay(), backfill: noneUnderWay() };
  const perStage = spec.stages.map(() => ({ waitMs: 0, served: 0, emitted: 0 }));

  function change(lane: Lane, by: number): void {
    const state = underWay[lane];
    state.listingMs += state.count * (queue.nowMs() - state.sinceMs);
    state.sinceMs = queue.nowMs();
    state.count += by;
  }

  function result(lane: Lane): LaneResult {
    change(lane, 0);
    const inOrder = latencies[lane];
    const ascending = inOrder.toSorted((a, b) => a - b);
    return {
      listings: inOrder.length,
      perSecond: (inOrder.length * 1000) / spec.durationMs,
      p50Ms: percentile(ascending, 0.5),
      p99Ms: percentile(ascending, 0.99),
      meanMs: batchMeans(inOrder),
      meanUnderWay: underWay[lane].listingMs / spec.durationMs,
    };
  }

  return {
    begin() {
      isMeasuring = true;
      for (const lane of LANES) {
        change(lane, 0);
        underWay[lane].listingMs = 0;
      }
    },
    entered: ({ lane }) => change(lane, 1),
    served(stageAt, { lane, arrivedMs }) {
      const stage = perStage[stageAt];
      if (!isMeasuring || lane !== 'live' || stage === undefined) return;
      stage.waitMs += queue.nowMs() - arrivedMs;
      stage.served += 1;
    },
    emitted(stageAt) {
      const stage = perStage[stageAt];
      if (isMeasuring && stage !== undefined) stage.emitted += 1;
    },
    left({ lane, bornMs }) {
      change(lane, -1);
      if (isMeasuring) latencies[lane].push(queue.nowMs() - bornMs);
    },
    lanes: () => ({ live: result('live'), backfill: result('backfill') }),
    stage(at) {
      const { waitMs, served, emitted } = perStage[at] ?? { waitMs: 0, served: 0, emitted: 0 };
      return { meanLiveWaitMs: served === 0 ? null : waitMs / served, perSecond: (emitted * 1000) / spec.durationMs };
    },
  };
}
