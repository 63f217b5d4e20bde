import type { InMessage, RecordProducer } from '../ports/broker.js';
import type { Committer } from './committer.js';
import { createDecider, type Decided } from './decided.js';
import type { Delivery, DeliveryDeps, Rest } from './delivery.js';
import { createMicroBatcher } from './micro-batch.js';
import type { OffsetTracker } from './offset-tracker.js';
import { ABANDONED } from './outage.js';
import type { Outcome } from './outcome.js';
import { runStage } from './run-stage.js';

export interface AtLeastOnceDeps extends DeliveryDeps {
  readonly producer: RecordProducer;
  readonly tracker: OffsetTracker;
  readonly committer: Committer;
  /** Micro-batches processed at the same time, so that the I/O of one overlaps with the computation of another. */
  readonly maxInFlight: number;
}

/** A stretch of work between two drains. */
interface Term {
  readonly generation: number;
  /** Aborted by the drain: outages are not waited for any longer. */
  readonly giveUp: AbortController;
  /** Something of this term was given up, so nothing after it may be carried out. */
  broken: boolean;
}

/**
 * At least once: several micro-batches are processed at the same time, their outcomes are carried out one batch after the other in the
 * order of consumption (so records of one key stay in order), and offsets are committed some time after that.
 */
export function deliverAtLeastOnce(deps: AtLeastOnceDeps): Delivery {
  const { subscription, tracker, committer, metrics, patience, now } = deps;
  const batcher = createMicroBatcher(deps.policy);
  const decider = createDecider(deps.stage, deps.topics);
  let term = newTerm();
  let processing = 0;
  let unsettled = 0;
  /** The end of the chain of batches that are carried out. */
  let tail: Promise<void> = Promise.resolve();

  function newTerm(): Term {
    return { generation: subscription.generation(), giveUp: new AbortController(), broken: false };
  }

  function pump(): Rest {
    if (isOver(term)) {
      // Every position is read again from the broker, so what is known of the old assignment is forgotten.
      term.giveUp.abort();
      tracker.reset();
      term = newTerm();
    }
    // As many batches may wait to be carried out as may be processed: a slow broker must not pile them up.
    while (processing < deps.maxInFlight && unsettled < deps.maxInFlight * 2) {
      const buffered = { live: subscription.buffered('live'), backfill: subscription.buffered('backfill') };
      const decision = batcher.decide({ buffered, idle: processing === 0, nowMs: now() });
      if (decision.kind === 'empty') return { until: 'message' };
      if (decision.kind === 'hold') return { until: 'age', ms: decision.ms };
      const { live, backfill } = decision.slots;
      begin([...subscription.take('live', live), ...subscription.take('backfill', backfill)], term);
    }
    return { until: 'progress' };
  }

  function begin(batch: readonly InMessage[], of: Term): void {
    if (batch.length === 0) return;
    for (const message of batch) tracker.track(message);
    processing += 1;
    metrics.inFlight(++unsettled);
    const outcomes = process(batch, of);
    tail = tail.then(async () => {
      await carryOut(batch, await outcomes, of);
      metrics.inFlight(--unsettled);
      deps.onProgress();
    });
  }

  async function process(batch: readonly InMessage[], of: Term): Promise<readonly Outcome[] | typeof ABANDONED> {
    const startedMs = now();
    try {
      return await runStage(deps, batch, of.giveUp.signal);
    } catch (error) {
      deps.onFatal(error);
      return ABANDONED;
    } finally {
      processing -= 1;
      metrics.processed(batch.length, (now() - startedMs) / 1000);
      deps.onProgress();
    }
  }

  async function carryOut(batch: readonly InMessage[], outcomes: readonly Outcome[] | typeof ABANDONED, of: Term): Promise<void> {
    if (outcomes === ABANDONED || of.broken || isOver(of)) return giveUp(batch.length, of);
    const startedMs = now();
    let open = batch.length;
    const write = async (decided: readonly Decided[]) => {
      const written = await send(decided, of);
      if (written) settle(decided, of);
      if (written) open -= decided.length;
      return written;
    };
    const written = await decider.writeAll(decider.decide(batch, outcomes), write).catch((error) => {
      deps.onFatal(error);
      return false;
    });
    if (!written) giveUp(open, of);
    metrics.carriedOut((now() - startedMs) / 1000);
  }

  /** What is given up takes all later batches with it: carried out now, they would overtake messages that are delivered again. */
  function giveUp(messages: number, of: Term): void {
    of.broken = true;
    metrics.abandoned(messages);
  }

  async function send(decided: readonly Decided[], of: Term): Promise<boolean> {
    const records = decided.flatMap((one) => one.records);
    if (records.length === 0) return true;
    return (await patience.untilUp(() => deps.producer.send(records), of.giveUp.signal)) !== ABANDONED;
  }

  /** The outcomes are durable: counts them and lets their offsets be committed. */
  function settle(decided: readonly Decided[], of: Term): void {
    for (const { message, outcome } of decided) {
      metrics.outcome(message, outcome, now());
      if (!isOver(of)) tracker.resolve(message);
    }
    committer.resolved(decided.length);
  }

  const isOver = (of: Term) => of.generation !== subscription.generation();

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
