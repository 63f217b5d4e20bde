import type { InMessage } from '../ports/broker.js';
import { type Decided, type Decider, isRefusal } from './decided.js';
import type { DeliveryDeps } from './delivery.js';
import { ABANDONED } from './outage.js';
import type { OpenTransactions, PartitionTransactions } from './partition-transactions.js';
import { halves, runUndivided, SPLIT } from './run-stage.js';
import { isFenced, type Term } from './term.js';

export interface ExactlyOnceDeps extends DeliveryDeps {
  readonly decider: Decider;
  readonly transactions: PartitionTransactions;
  readonly term: Term;
}

/** A micro-batch on its way. */
interface Work {
  /** Messages without a durable outcome. */
  open: readonly InMessage[];
  /** What the last transaction held, while it is unknown whether it was committed. */
  inDoubt: readonly Decided[];
}

/** Brings every message of a micro-batch to its one outcome, or gives it up when its term is over. Throws what cannot be waited for. */
export async function deliverExactlyOnce(deps: ExactlyOnceDeps, batch: readonly InMessage[]): Promise<void> {
  const work: Work = { open: batch, inDoubt: [] };
  try {
    await deps.patience.untilUp(() => attempt(deps, work), deps.term.giveUp.signal);
  } finally {
    deps.metrics.abandoned(work.open.length);
  }
}

/** One try to bring all open messages to their outcome; false when it was given up. After an outage it is made again as it is. */
async function attempt(deps: ExactlyOnceDeps, work: Work): Promise<boolean> {
  try {
    const transactions = await deps.transactions.open();
    skipCommitted(deps, work, transactions);
    return work.open.length === 0 || (await decideAndCommit(deps, work, transactions, work.open));
  } catch (error) {
    // By the partition's next owner: that is how it should be.
    if (isFenced(error) && deps.term.isOver()) return false;
    throw error;
  }
}

/** The halves of a batch that fails are transactions of their own: the stage must not build on what may still be aborted. */
async function decideAndCommit(
  deps: ExactlyOnceDeps,
  work: Work,
  transactions: OpenTransactions,
  batch: readonly InMessage[],
): Promise<boolean> {
  const { metrics, now, decider, term } = deps;
  const startedMs = now();
  const outcomes = await runUndivided(deps, batch, term.giveUp.signal, transactions.progress());
  metrics.processed(batch.length, (now() - startedMs) / 1000);
  if (outcomes === ABANDONED) return false;
  if (outcomes !== SPLIT) return decider.writeAll(decider.decide(batch, outcomes), (decided) => commit(deps, work, transactions, decided));
  const [left, right] = halves(batch);
  return (await decideAndCommit(deps, work, transactions, left)) && (await decideAndCommit(deps, work, transactions, right));
}

/** Our own transaction in doubt turns out to be committed: its outcomes count. What a former owner has committed, it has counted. */
function skipCommitted(deps: ExactlyOnceDeps, work: Work, { isCommitted }: OpenTransactions): void {
  const ours = work.inDoubt.filter(({ message }) => isCommitted(message));
  work.inDoubt = [];
  settle(deps, work, ours);
  const byOthers = work.open.filter(isCommitted);
  work.open = work.open.filter((message) => !isCommitted(message));
  deps.metrics.abandoned(byOthers.length);
}

async function commit(deps: ExactlyOnceDeps, work: Work, transactions: OpenTransactions, decided: readonly Decided[]): Promise<boolean> {
  if (deps.term.isOver()) return false;
  const startedMs = deps.now();
  work.inDoubt = decided;
  try {
    await transactions.commit(decided);
  } catch (error) {
    if (isRefusal(error)) work.inDoubt = [];
    throw error;
  }
  work.inDoubt = [];
  settle(deps, work, decided);
  deps.metrics.carriedOut((deps.now() - startedMs) / 1000);
  return true;
}

/** The outcomes are durable: counts them. */
function settle({ metrics, now }: ExactlyOnceDeps, work: Work, decided: readonly Decided[]): void {
  for (const { message, outcome } of decided) metrics.outcome(message, outcome, now());
  const done = new Set(decided.map(({ message }) => message));
  work.open = work.open.filter((message) => !done.has(message));
}
