/** What happens, in simulated time. */
export interface EventQueue {
  /** Milliseconds since the start of the simulation. */
  nowMs(): number;
  /** Plans an action; those of the same moment happen in the order in which they were planned. */
  after(delayMs: number, action: () => void): void;
  /** Lets everything happen that is planned up to and including a moment, also what is planned meanwhile. */
  runUntil(endMs: number): void;
}

interface Planned {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

const isEarlier = (a: Planned, b: Planned) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** Creates an empty queue at time 0: a binary heap by time, then by order of planning. */
export function createEventQueue(): EventQueue {
  const heap: Planned[] = [];
  let now = 0;
  let planned = 0;

  /** Puts an event where the empty place at `at`, moved towards the root, ends. */
  function rise(event: Planned, from: number): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isEarlier(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  function sink(event: Planned): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      if (a === undefined) break;
      const [child, childAt] = b !== undefined && isEarlier(b, a) ? [b, left + 1] : [a, left];
      if (!isEarlier(child, event)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = event;
  }

  function takeFirst(): Planned | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) sink(last);
    return first;
  }

  return {
    nowMs: () => now,
    after: (delayMs, action) => rise({ atMs: now + Math.max(0, delayMs), order: planned++, action }, heap.length),
    runUntil(endMs) {
      for (let next = heap[0]; next !== undefined && next.atMs <= endMs; next = heap[0]) {
        takeFirst();
        now = next.atMs;
        next.action();
      }
      now = endMs;
    },
  };
}
