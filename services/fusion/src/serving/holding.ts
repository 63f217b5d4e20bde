/** Something that is used by several at a time and ended after its last use. */
export interface Holding<T> {
  readonly value: T;
  /** Runs `work`; until it has ended, the value is not ended. */
  keep<R>(work: () => Promise<R>): Promise<R>;
  /** Nobody begins to use it any more: it is ended, now or after its last use. */
  retire(): void;
  /** Resolves when it has been ended, and rejects with what ending threw. */
  readonly ended: Promise<void>;
}

/** @param make makes the value, which may hand out `keep` itself */
export function beginHolding<T>(make: (keep: Holding<T>['keep']) => T, end: () => Promise<void>): Holding<T> {
  let users = 0;
  let retired = false;
  let finish: (ending: Promise<void>) => void = () => {};
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  // Whoever cares waits for it.
  ended.catch(() => {});
  const endIfUnused = () => {
    if (retired && users === 0) finish(end());
  };
  const keep: Holding<T>['keep'] = async (work) => {
    users += 1;
    try {
      return await work();
    } finally {
      users -= 1;
      endIfUnused();
    }
  };
  return {
    value: make(keep),
    keep,
    retire: () => {
      if (retired) return;
      retired = true;
      endIfUnused();
    },
    ended,
  };
}
