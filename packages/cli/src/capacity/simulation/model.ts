import type { Lane } from '@labelstream/shared/events/lane';
import type { BatchPolicy } from '@labelstream/shared/stream/micro-batch';

/** A listing on its way. Times are milliseconds of the simulation. */
export interface Listing {
  readonly lane: Lane;
  /** The same number at every stage, since the key is. */
  readonly partition: number;
  readonly bornMs: number;
  /** When it could be taken by the stage where it is. */
  arrivedMs: number;
}

/** How long a stage has to do with a micro-batch of n listings. */
export interface BatchTime {
  /** Part of the instance's own worker (one batch at a time): `fixedMs + n × perListingMs`, times a spread of mean 1. */
  readonly fixedMs: number;
  readonly perListingMs: number;
  /** Standard deviation over mean of the spread; 0: always the same, 1: exponential. */
  readonly spread: number;
  /** Waiting for stores and brokers, which overlaps with the work on other batches of the same instance. */
  readonly waitMs: number;
  /** Making outcomes durable, one batch after the other. */
  readonly carryOutMs: number;
  /** Until the next stage has fetched it. */
  readonly fetchMs: number;
}

/** A stage as it is simulated. */
export interface StageModel {
  readonly name: string;
  readonly instances: number;
  /** `transactional`: one sequence per partition, each batch a transaction; else batches in flight per instance. */
  readonly delivery: 'at-least-once' | 'transactional';
  readonly policy: BatchPolicy;
  /** Batches processed at the same time by an instance; of no meaning where each partition has a sequence. */
  readonly maxInFlight: number;
  readonly time: BatchTime;
}

/** What is put in. `saturating` keeps `window` listings of the backfill lane under way. */
export type BackfillLoad =
  | { readonly kind: 'off' }
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'saturating'; readonly window: number };

/** A simulation, complete. */
export interface SimulationSpec {
  readonly stages: readonly StageModel[];
  readonly partitions: number;
  /** Poisson arrivals a second. */
  readonly livePerSecond: number;
  readonly backfill: BackfillLoad;
  /** Measured time, after the warm-up. */
  readonly durationMs: number;
  readonly warmUpMs: number;
  readonly seed: number;
}
