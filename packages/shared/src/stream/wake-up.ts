/** A bell for a loop that rests: whoever has changed something rings it. */
export interface WakeUp {
  ring(): void;
  /** Resolves when the bell rings, at once if it has rung since the last wait, or after `maxWaitMs`. */
  wait(maxWaitMs: number): Promise<void>;
}

/** Creates a bell for one listener; a second wait ends the first. */
export function createWakeUp(): WakeUp {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    wait(maxWaitMs) {
      wake?.();
      if (rung) {
        rung = false;
        return Promise.resolve();
      }
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          wake = null;
          rung = false;
          resolve();
        };
        const timer = setTimeout(done, maxWaitMs);
        wake = done;
      });
    },
  };
}

/** Resolves after `ms`, or at once when `signal` aborts; never rejects. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Resolves true when `work` settles within `ms`, false when it does not; never rejects. */
export async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = await Promise.race([
    work.then(
      () => true,
      () => true,
    ),
    sleep(ms, timer.signal).then(() => false),
  ]);
  timer.abort();
  return settled;
}
