import { LANES, type Lane } from '@labelstream/shared/events/lane';
import { createEventQueue, type EventQueue } from './event-queue.js';
import { createMeasure, type LaneResult } from './measure.js';
import type { Listing, SimulationSpec } from './model.js';
import { createRandom } from './random.js';
import { createStage, type SimulatedStage } from './stage.js';

/** What became of a stage in the measured time. */
export interface StageResult {
  readonly name: string;
  readonly instances: number;
  /** Share of the time at work, mean over instances, 0..1. */
  readonly utilisation: number;
  /** From being there to the worker beginning, mean over live listings, in milliseconds; null when there were none. */
  readonly meanLiveWaitMs: number | null;
  /** Listings of either lane that left it per second. */
  readonly perSecond: number;
}

/** What a simulation shows. */
export interface SimulationResult {
  readonly live: LaneResult;
  readonly backfill: LaneResult;
  readonly stages: readonly StageResult[];
}

/** Runs a simulation; the same spec gives the same result. */
export function simulate(spec: SimulationSpec): SimulationResult {
  const queue = createEventQueue();
  const measure = createMeasure({ queue, spec });
  const service = createRandom(spec.seed, 'service');
  const stages: SimulatedStage[] = [];
  const source = createSource(queue, spec, (listing) => {
    measure.entered(listing);
    stages[0]?.arrive(listing);
  });
  spec.stages.forEach((model, at) => {
    const onEmitted = (listing: Listing) => {
      measure.emitted(at);
      const next = stages[at + 1];
      if (next !== undefined) return next.arrive(listing);
      measure.left(listing);
      source.replace(listing);
    };
    stages.push(
      createStage({
        queue,
        model,
        partitions: spec.partitions,
        random: service,
        onEmitted,
        onServed: (listing) => measure.served(at, listing),
      }),
    );
  });

  source.start();
  queue.runUntil(spec.warmUpMs);
  const busyBefore = stages.map(busyMs);
  measure.begin();
  queue.runUntil(spec.warmUpMs + spec.durationMs);
  return {
    ...measure.lanes(),
    stages: spec.stages.map(({ name, instances }, at) => ({
      name,
      instances,
      utilisation: (busyMs(stages[at]) - (busyBefore[at] ?? 0)) / (instances * spec.durationMs),
      ...measure.stage(at),
    })),
  };
}

const busyMs = (stage: SimulatedStage | undefined) => (stage?.workers ?? []).reduce((sum, worker) => sum + worker.busyMs(), 0);

/** Puts listings in. */
interface Source {
  start(): void;
  /** A saturating backfill puts one in for each that leaves. */
  replace(listing: Listing): void;
}

function createSource(queue: EventQueue, spec: SimulationSpec, put: (listing: Listing) => void): Source {
  const arrivals = { live: createRandom(spec.seed, 'arrivals'), backfill: createRandom(spec.seed + 1, 'arrivals') };
  const partitions = createRandom(spec.seed, 'partitions');
  const { backfill } = spec;
  const perSecond: Record<Lane, number> = { live: spec.livePerSecond, backfill: backfill.kind === 'rate' ? backfill.perSecond : 0 };

  function putOne(lane: Lane): void {
    const nowMs = queue.nowMs();
    put({ lane, partition: Math.floor(partitions.uniform() * spec.partitions), bornMs: nowMs, arrivedMs: nowMs });
  }

  function arriveAgain(lane: Lane): void {
    queue.after(arrivals[lane].exponential(1000 / perSecond[lane]), () => {
      putOne(lane);
      arriveAgain(lane);
    });
  }

  return {
    start() {
      for (const lane of LANES) if (perSecond[lane] > 0) arriveAgain(lane);
      if (backfill.kind === 'saturating') for (let i = 0; i < backfill.window; i++) putOne('backfill');
    },
    replace({ lane }) {
      if (lane === 'backfill' && backfill.kind === 'saturating') putOne('backfill');
    },
  };
}
