import { LANES, type Lane } from '../../events/lane.js';
import type { InMessage, Subscription } from '../../ports/broker.js';

/** Fetched messages waiting to be taken, first in first out per lane. */
export interface LaneBuffers {
  push(lane: Lane, messages: readonly InMessage[]): void;
  /** Removes and returns up to `max` messages, oldest first. */
  take(lane: Lane, max: number): InMessage[];
  size(lane: Lane): number;
  /** As `size`; 0 while the lane is held. */
  available(lane: Lane): number;
  /** While a lane is held, nothing of it can be taken. */
  hold(lane: Lane, held: boolean): void;
  clear(): void;
  /** Resolves when a message waits in any lane that is not held, when `wake` or `close` is called, or after `maxWaitMs`. */
  wait(maxWaitMs: number): Promise<void>;
  /** Ends every `wait`. */
  wake(): void;
  close(): void;
}

interface Queue {
  items: InMessage[];
  head: number;
}

/** Creates empty buffers. They hold whatever is pushed: whoever pushes keeps them bounded by looking at `size`. */
export function createLaneBuffers(): LaneBuffers {
  const queues: Record<Lane, Queue> = { live: { items: [], head: 0 }, backfill: { items: [], head: 0 } };
  const waiters = new Set<() => void>();
  const held = new Set<Lane>();
  let closed = false;

  const size = (lane: Lane) => queues[lane].items.length - queues[lane].head;
  const available = (lane: Lane) => (held.has(lane) ? 0 : size(lane));
  const wake = () => {
    for (const waiter of [...waiters]) waiter();
  };

  function take(lane: Lane, max: number): InMessage[] {
    const queue = queues[lane];
    const taken = queue.items.slice(queue.head, queue.head + Math.max(0, Math.min(max, available(lane))));
    queue.head += taken.length;
    // Half of the array empty: compact, so that a queue that never runs dry does not grow.
    if (queue.head * 2 >= queue.items.length) {
      queue.items = queue.items.slice(queue.head);
      queue.head = 0;
    }
    return taken;
  }

  function wait(maxWaitMs: number): Promise<void> {
    if (closed || LANES.some((lane) => available(lane) > 0)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, maxWaitMs);
      timer.unref();
      waiters.add(done);
    });
  }

  return {
    push(lane, messages) {
      if (closed || messages.length === 0) return;
      const { items } = queues[lane];
      for (const message of messages) items.push(message);
      wake();
    },
    take,
    size,
    available,
    hold(lane, isHeld) {
      if (isHeld) held.add(lane);
      else if (held.delete(lane)) wake();
    },
    clear() {
      for (const lane of LANES) queues[lane] = { items: [], head: 0 };
    },
    wait,
    wake,
    close() {
      closed = true;
      for (const lane of LANES) queues[lane] = { items: [], head: 0 };
      wake();
    },
  };
}

/** What a subscription shows of its buffers. */
export const laneViews = ({
  wait,
  size,
  available,
  hold,
}: LaneBuffers): Pick<Subscription, 'wait' | 'buffered' | 'available' | 'hold'> => ({
  wait,
  buffered: size,
  available,
  hold,
});
