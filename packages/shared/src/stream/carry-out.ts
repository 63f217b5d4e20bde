import type { InMessage, RecordProducer } from '../ports/broker.js';
import type { Committer } from './committer.js';
import { createDecider, type Decided } from './decided.js';
import type { DeliveryDeps } from './delivery.js';
import type { OffsetTracker } from './offset-tracker.js';
import { ABANDONED, type Abandoned } from './outage.js';
import type { Outcome } from './outcome.js';
import type { Term } from './term.js';

export interface CarryOutDeps extends DeliveryDeps {
  readonly producer: RecordProducer;
  readonly tracker: OffsetTracker;
  readonly committer: Committer;
}

/** Makes the outcomes of a micro-batch durable; never rejects. */
export type CarryOut = (batch: readonly InMessage[], outcomes: readonly Outcome[] | Abandoned, term: Term) => Promise<void>;

/** Creates the second half of at-least-once delivery: one send per micro-batch, then its messages are counted and their offsets due. */
export function createCarryOut(deps: CarryOutDeps): CarryOut {
  const { producer, tracker, committer, metrics, patience, now } = deps;
  const decider = createDecider(deps.stage, deps.topics);
  /** Terms of which something was given up. */
  const broken = new WeakSet<Term>();

  /** What is given up takes all later batches of its term with it: carried out now, they would overtake what is delivered again. */
  function giveUp(messages: number, term: Term): void {
    broken.add(term);
    metrics.abandoned(messages);
  }

  async function send(decided: readonly Decided[], term: Term): Promise<boolean> {
    const records = decided.flatMap((one) => one.records);
    if (records.length === 0) return true;
    return (await patience.untilUp(() => producer.send(records), term.giveUp.signal)) !== ABANDONED;
  }

  /** The outcomes are durable. */
  function settle(decided: readonly Decided[], term: Term): void {
    for (const { message, outcome } of decided) {
      metrics.outcome(message, outcome, now());
      if (!term.isOver()) tracker.resolve(message);
    }
    committer.resolved(decided.length);
  }

  return async (batch, outcomes, term) => {
    if (outcomes === ABANDONED || broken.has(term) || term.isOver()) return giveUp(batch.length, term);
    const startedMs = now();
    let open = batch.length;
    const write = async (decided: readonly Decided[]) => {
      if (!(await send(decided, term))) return false;
      settle(decided, term);
      open -= decided.length;
      return true;
    };
    try {
      if (!(await decider.writeAll(decider.decide(batch, outcomes), write))) giveUp(open, term);
    } catch (error) {
      giveUp(open, term);
      deps.onFatal(error);
    }
    metrics.carriedOut((now() - startedMs) / 1000);
  };
}
