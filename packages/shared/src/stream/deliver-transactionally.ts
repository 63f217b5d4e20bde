import { LANES, type Lane } from '../events/lane.js';
import { createDecider } from './decided.js';
import type { Delivery, DeliveryDeps, Rest } from './delivery.js';
import { createPartitionSequence, type PartitionSequence } from './partition-sequence.js';

/** How long the loop rests while one lane is full and the other may still get messages. */
const FULL_LANE_POLL_MS = 5;

/**
 * Exactly once: partition number i of both lanes is one sequence, and each of its micro-batches is one Kafka transaction with all records
 * and the new positions. Sequences of different partition numbers overlap.
 */
export function deliverTransactionally(deps: DeliveryDeps): Delivery {
  const { subscription, metrics, policy } = deps;
  const decider = createDecider(deps.stage, deps.topics);
  const sequences = new Map<number, PartitionSequence>();
  let generation = subscription.generation();
  let predecessors: Promise<unknown> = Promise.resolve();

  function pump(): Rest {
    if (generation !== subscription.generation()) {
      void endAll();
      generation = subscription.generation();
    }
    const full = LANES.filter((lane) => !takeFrom(lane));
    for (const sequence of sequences.values()) sequence.start();
    metrics.inFlight(inFlight());
    return full.length === 0 ? { until: 'message' } : { until: 'age', ms: FULL_LANE_POLL_MS };
  }

  /** Hands a lane's messages to their sequences; false when no more of them can be held. */
  function takeFrom(lane: Lane): boolean {
    const partitions = new Set(subscription.assignment().map(({ partition }) => partition));
    const held = [...sequences.values()].reduce((sum, sequence) => sum + sequence.held(lane), 0);
    const room = policy.maxSize * partitions.size - held;
    if (room <= 0) return partitions.size === 0;
    const taken = subscription.take(lane, room);
    for (const message of taken) sequenceOf(message.partition).add(message);
    return taken.length < room;
  }

  function sequenceOf(partition: number): PartitionSequence {
    const sequence = sequences.get(partition) ?? createPartitionSequence({ ...deps, decider, partition, generation, predecessors });
    sequences.set(partition, sequence);
    return sequence;
  }

  function endAll(): Promise<unknown> {
    const ending = [predecessors, ...[...sequences.values()].map((sequence) => sequence.end())];
    sequences.clear();
    predecessors = Promise.allSettled(ending);
    return predecessors;
  }

  const inFlight = () => [...sequences.values()].filter((sequence) => sequence.busy()).length;

  return {
    pump,
    inFlight,
    async drain() {
      await endAll();
    },
    async close() {
      await endAll();
    },
  };
}
