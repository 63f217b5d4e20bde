import type { InMessage } from '../ports/broker.js';
import { type CarryOutDeps, createCarryOut } from './carry-out.js';
import type { Delivery, Rest } from './delivery.js';
import { createMicroBatcher } from './micro-batch.js';
import { ABANDONED, type Abandoned } from './outage.js';
import type { Outcome } from './outcome.js';
import { runStage } from './run-stage.js';
import { beginTerm, type Term } from './term.js';

export interface AtLeastOnceDeps extends CarryOutDeps {
  /** Micro-batches processed at the same time, so that the I/O of one overlaps with the computation of another. */
  readonly maxInFlight: number;
}

/**
 * At least once: several micro-batches are processed at the same time, their outcomes are carried out one batch after the other in the
 * order of consumption (so records of one key stay in order), and offsets are committed some time after that.
 */
export function deliverAtLeastOnce(deps: AtLeastOnceDeps): Delivery {
  const { subscription, tracker, committer, metrics, now } = deps;
  const batcher = createMicroBatcher(deps.policy);
  const carryOut = createCarryOut(deps);
  let term = beginTerm(subscription);
  let processing = 0;
  let unsettled = 0;
  /** The end of the chain of batches that are carried out. */
  let tail: Promise<void> = Promise.resolve();

  function pump(): Rest {
    if (term.isOver()) startAfresh();
    // As many batches may wait to be carried out as may be processed: a slow broker must not pile them up.
    while (processing < deps.maxInFlight && unsettled < deps.maxInFlight * 2) {
      const buffered = { live: subscription.available('live'), backfill: subscription.available('backfill') };
      const decision = batcher.decide({ buffered, idle: processing === 0, nowMs: now() });
      if (decision.kind === 'empty') return { until: 'message' };
      if (decision.kind === 'hold') return { until: 'age', ms: decision.ms };
      const { live, backfill } = decision.slots;
      begin([...subscription.take('live', live), ...subscription.take('backfill', backfill)], term);
    }
    return { until: 'progress' };
  }

  /** Every position is read again from the broker, so what is known of the old assignment is forgotten. */
  function startAfresh(): void {
    term.giveUp.abort();
    tracker.reset();
    term = beginTerm(subscription);
  }

  function begin(batch: readonly InMessage[], within: Term): void {
    for (const message of batch) tracker.track(message);
    processing += 1;
    unsettled += 1;
    const outcomes = process(batch, within);
    tail = tail.then(async () => {
      await carryOut(batch, await outcomes, within);
      unsettled -= 1;
      deps.onProgress();
    });
  }

  async function process(batch: readonly InMessage[], within: Term): Promise<readonly Outcome[] | Abandoned> {
    const startedMs = now();
    try {
      return await runStage(deps, batch, within.giveUp.signal);
    } catch (error) {
      deps.onFatal(error);
      return ABANDONED;
    } finally {
      processing -= 1;
      const tookMs = now() - startedMs;
      batcher.observe(batch.length, tookMs);
      metrics.processed(batch.length, tookMs / 1000);
      deps.onProgress();
    }
  }

  return {
    pump,
    inFlight: () => unsettled,
    async drain() {
      term.giveUp.abort();
      await tail;
      await committer.flush();
    },
    async close() {
      committer.close();
      await deps.producer.close();
    },
  };
}
