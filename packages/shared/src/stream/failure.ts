import type { Logger } from 'pino';

/** The end of a worker for a reason that it cannot get over. */
export interface Failure {
  /** Rejects with the first reason; resolves never. */
  readonly failed: Promise<never>;
  hasFailed(): boolean;
  report(reason: unknown): void;
}

/** Creates a failure that has not happened. */
export function createFailure(log: Logger): Failure {
  let hasFailed = false;
  let reject: (reason: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  // Whoever listens is told; if nobody listens, that is no unhandled rejection.
  failed.catch(() => {});
  return {
    failed,
    hasFailed: () => hasFailed,
    report(reason) {
      log.error({ err: reason }, 'the worker cannot go on');
      hasFailed = true;
      reject(reason);
    },
  };
}
