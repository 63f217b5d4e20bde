/** Lets at most so many pieces of work run at a time; the others wait their turn, in order. */
export interface Gate {
  /** Runs `work` when there is room. Rejects with the signal's reason when it aborts while waiting. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Whether nothing runs or waits. */
  idle(): boolean;
}

export function createGate(max: number): Gate {
  const waiting = new Set<() => void>();
  let running = 0;

  function enter(signal?: AbortSignal): Promise<void> {
    if (running < max) {
      running += 1;
      return Promise.resolve();
    }
    return new Promise((enter, refuse) => {
      const giveUp = () => {
        waiting.delete(proceed);
        refuse(signal?.reason);
      };
      const proceed = () => {
        signal?.removeEventListener('abort', giveUp);
        enter();
      };
      waiting.add(proceed);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Hands the place over to the first who waits. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) running -= 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async run(work, signal) {
      signal?.throwIfAborted();
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
    idle: () => running === 0 && waiting.size === 0,
  };
}

/** Waits until all are settled, so that nothing goes on in the background, and then throws the first failure, if any. */
export async function settleAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}
