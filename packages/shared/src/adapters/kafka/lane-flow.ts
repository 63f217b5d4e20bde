import type { Consumer } from 'kafkajs';
import { LANES, type Lane } from '../../events/lane.js';

/** Pauses and resumes the fetching of a lane. */
export interface LaneFlow {
  /** Pauses the lane when `buffered` has reached the bound. */
  filled(lane: Lane, buffered: number, consumer: Consumer): void;
  /** Resumes a paused lane when `buffered` has fallen below half of the bound. */
  emptied(lane: Lane, buffered: number): void;
  /** Resumes every lane, in a new assignment. */
  reset(): void;
  /** The membership is gone and its pauses with it. */
  forget(): void;
}

/** `maxBuffered` is the bound per lane. A paused lane keeps being paused through a rebalance until `reset`. */
export function createLaneFlow(topics: Readonly<Record<Lane, readonly string[]>>, maxBuffered: number): LaneFlow {
  const paused = new Map<Lane, Consumer>();

  function resume(lane: Lane): void {
    const consumer = paused.get(lane);
    if (consumer === undefined) return;
    paused.delete(lane);
    consumer.resume(topics[lane].map((topic) => ({ topic })));
  }

  return {
    filled(lane, buffered, consumer) {
      if (buffered < maxBuffered || paused.has(lane)) return;
      consumer.pause(topics[lane].map((topic) => ({ topic })));
      paused.set(lane, consumer);
    },
    emptied(lane, buffered) {
      if (buffered * 2 < maxBuffered) resume(lane);
    },
    reset() {
      for (const lane of LANES) resume(lane);
    },
    forget: () => paused.clear(),
  };
}
