import { LANES, type Lane } from '../events/lane.js';
import { createDecider } from './decided.js';
import type { Delivery, DeliveryDeps, Rest } from './delivery.js';
import { createPartitionSequence, type PartitionSequence } from './partition-sequence.js';
import { createPartitionTransactions } from './partition-transactions.js';
import { beginTerm } from './term.js';

/** Micro-batches held per partition and lane: one to be taken while the next is filled up, or the live lane would run dry in between. */
const HELD_MICRO_BATCHES = 2;
/** How long the loop rests while one lane is full and the other may still get messages. */
const FULL_LANE_POLL_MS = 5;

/**
 * Exactly once: partition number i of both lanes is one sequence, and each of its micro-batches is one Kafka transaction with all records
 * and the new positions. Sequences of different partition numbers overlap.
 */
export function deliverTransactionally(deps: DeliveryDeps): Delivery {
  const { subscription, policy } = deps;
  const decider = createDecider(deps.stage, deps.topics);
  const sequences = new Map<number, PartitionSequence>();
  let term = beginTerm(subscription);
  let predecessors: Promise<unknown> = Promise.resolve();

  function pump(): Rest {
    if (term.isOver()) {
      void endSequences();
      term = beginTerm(subscription);
    }
    const full = LANES.filter((lane) => !takeFrom(lane));
    for (const sequence of sequences.values()) sequence.start();
    return full.length === 0 ? { until: 'message' } : { until: 'age', ms: FULL_LANE_POLL_MS };
  }

  /** Hands a lane's messages to their sequences; false when no more of them can be held. */
  function takeFrom(lane: Lane): boolean {
    const partitions = new Set(subscription.assignment().map(({ partition }) => partition));
    const held = [...sequences.values()].reduce((sum, sequence) => sum + sequence.held(lane), 0);
    const room = Math.max(0, HELD_MICRO_BATCHES * policy.maxSize * partitions.size - held);
    const taken = subscription.take(lane, room);
    for (const message of taken) sequenceOf(message.partition).add(message);
    return taken.length < room || partitions.size === 0;
  }

  function sequenceOf(partition: number): PartitionSequence {
    const known = sequences.get(partition);
    if (known !== undefined) return known;
    const transactions = createPartitionTransactions(deps, partition);
    const created = createPartitionSequence({ ...deps, decider, transactions, term, predecessors });
    sequences.set(partition, created);
    return created;
  }

  function endSequences(): Promise<unknown> {
    term.giveUp.abort();
    const ending = [predecessors, ...[...sequences.values()].map((sequence) => sequence.end())];
    sequences.clear();
    predecessors = Promise.allSettled(ending);
    return predecessors;
  }

  const drain = async () => {
    await endSequences();
  };
  return { pump, drain, close: drain, inFlight: () => [...sequences.values()].filter((sequence) => sequence.busy()).length };
}
