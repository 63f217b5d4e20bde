import type { Lane } from '@labelstream/shared/events/lane';
import { type BatchPolicy, createMicroBatcher } from '@labelstream/shared/stream/micro-batch';
import type { EventQueue } from './event-queue.js';
import type { BatchTime, Listing } from './model.js';
import type { Random } from './random.js';
import type { Worker } from './worker.js';

/** As many batches may wait to be carried out as may be processed, as in the stages' own delivery. */
const UNSETTLED_PER_IN_FLIGHT = 2;
/** A rest of waiting shorter than this is rounding: added to the time, it might not move it. */
const SHORTEST_HOLD_MS = 0.001;

/**
 * Where listings become micro-batches: of an instance, whose batches overlap, or of one partition of a transactional stage, whose batches
 * do not. The decision which listings a batch is made of is the product's own.
 */
export interface Desk {
  add(listing: Listing): void;
  waiting(lane: Lane): number;
}

export interface DeskDeps {
  readonly queue: EventQueue;
  readonly worker: Worker;
  readonly policy: BatchPolicy;
  readonly maxInFlight: number;
  readonly time: BatchTime;
  readonly random: Random;
  /** Called once the batch is durable, in the order in which batches were taken. */
  readonly onDone: (batch: readonly Listing[]) => void;
  /** Called when the worker begins with a batch. */
  readonly onServed: (batch: readonly Listing[]) => void;
}

/** A batch that was taken and is not carried out yet. */
interface Taken {
  readonly batch: readonly Listing[];
  isProcessed: boolean;
}

/** Creates a desk with nothing at it. */
export function createDesk(deps: DeskDeps): Desk {
  const { queue, worker, maxInFlight, time, random } = deps;
  const batcher = createMicroBatcher(deps.policy);
  const lines: Record<Lane, Line> = { live: createLine(), backfill: createLine() };
  const taken: Taken[] = [];
  let processing = 0;
  let isCarryingOut = false;
  let holdUntilMs = Number.NEGATIVE_INFINITY;

  function pump(): void {
    while (processing < maxInFlight && taken.length < maxInFlight * UNSETTLED_PER_IN_FLIGHT) {
      const buffered = { live: lines.live.size(), backfill: lines.backfill.size() };
      const decision = batcher.decide({ buffered, idle: processing === 0, nowMs: queue.nowMs() });
      if (decision.kind === 'hold') hold(decision.ms);
      if (decision.kind !== 'take') return;
      begin([...lines.live.take(decision.slots.live), ...lines.backfill.take(decision.slots.backfill)]);
    }
  }

  /** Looks again when the oldest listing has waited long enough; one such look is enough. */
  function hold(ms: number): void {
    if (holdUntilMs > queue.nowMs()) return;
    const waitMs = Math.max(ms, SHORTEST_HOLD_MS);
    holdUntilMs = queue.nowMs() + waitMs;
    queue.after(waitMs, pump);
  }

  function begin(batch: readonly Listing[]): void {
    const entry: Taken = { batch, isProcessed: false };
    taken.push(entry);
    processing += 1;
    const workMs = (time.fixedMs + batch.length * time.perListingMs) * random.spread(time.spread);
    const takenMs = queue.nowMs();
    const processed = () => {
      processing -= 1;
      batcher.observe(batch.length, queue.nowMs() - takenMs);
      entry.isProcessed = true;
      carryOut();
      pump();
    };
    const serve = () => worker.serve({ workMs, onBegin: () => deps.onServed(batch), onEnd: processed });
    if (time.waitMs === 0) serve();
    else queue.after(time.waitMs, serve);
  }

  function carryOut(): void {
    const first = taken[0];
    if (isCarryingOut || first === undefined || !first.isProcessed) return;
    isCarryingOut = true;
    const settle = () => {
      isCarryingOut = false;
      taken.shift();
      deps.onDone(first.batch);
      carryOut();
      pump();
    };
    if (time.carryOutMs === 0) settle();
    else queue.after(time.carryOutMs, settle);
  }

  return {
    add(listing) {
      lines[listing.lane].add(listing);
      pump();
    },
    waiting: (lane) => lines[lane].size(),
  };
}

/** First in, first out. */
interface Line {
  add(listing: Listing): void;
  take(count: number): Listing[];
  size(): number;
}

/** Taken ones are only cut off now and then: shifting a long array one by one would take longer than all the rest. */
const CUT_OFF_AT = 1024;

function createLine(): Line {
  let listings: Listing[] = [];
  let head = 0;
  return {
    add: (listing) => listings.push(listing),
    take(count) {
      const taken = listings.slice(head, head + count);
      head += taken.length;
      if (head >= CUT_OFF_AT) {
        listings = listings.slice(head);
        head = 0;
      }
      return taken;
    },
    size: () => listings.length - head,
  };
}
