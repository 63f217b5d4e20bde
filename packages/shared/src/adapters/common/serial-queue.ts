/** Runs tasks one after the other. */
export interface SerialQueue {
  /** Resolves or rejects as the task does; a task that fails does not stop the next. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

/** Creates an empty queue. */
export function createSerialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(task) {
      const result = last.then(task);
      last = result.catch(() => {});
      return result;
    },
  };
}
