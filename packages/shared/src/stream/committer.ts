import type { Logger } from 'pino';
import { describeError, isLabelstreamError } from '../errors.js';
import type { Subscription } from '../ports/broker.js';
import type { OffsetTracker } from './offset-tracker.js';

export interface CommitPolicy {
  readonly everyMs: number;
  readonly everyMessages: number;
}

export const DEFAULT_COMMIT_POLICY: CommitPolicy = { everyMs: 200, everyMessages: 1000 };

/** Commits the tracker's positions now and then: a commit per micro-batch would cost a round trip each and protect from nothing. */
export interface Committer {
  /** Some messages have become durable. */
  resolved(messages: number): void;
  /** Commits what can be committed now; on failure the positions stay due. */
  flush(): Promise<void>;
  /** Ends the timer; commits nothing. */
  close(): void;
}

export interface CommitterDeps {
  readonly subscription: Pick<Subscription, 'commit'>;
  readonly tracker: OffsetTracker;
  readonly policy: CommitPolicy;
  readonly log: Logger;
  readonly onFatal: (error: unknown) => void;
}

/** Creates a committer; one commit at a time is under way. */
export function createCommitter({ subscription, tracker, policy, log, onFatal }: CommitterDeps): Committer {
  let timer: NodeJS.Timeout | null = null;
  let sinceLastCommit = 0;
  let tail: Promise<void> = Promise.resolve();

  function schedule(): void {
    timer ??= setTimeout(() => void flush(), policy.everyMs);
  }

  async function commit(): Promise<void> {
    const positions = tracker.committable();
    if (positions.length === 0) return;
    sinceLastCommit = 0;
    try {
      await subscription.commit(positions);
      tracker.committed(positions);
    } catch (error) {
      if (!isLabelstreamError(error) || !error.retriable) return onFatal(error);
      // Nothing is lost: the positions are still due, and uncommitted messages would only be delivered again.
      log.debug({ reason: describeError(error) }, 'offsets not committed; trying again');
      schedule();
    }
  }

  function flush(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    tail = tail.then(commit);
    return tail;
  }

  return {
    resolved(messages) {
      sinceLastCommit += messages;
      if (sinceLastCommit >= policy.everyMessages) void flush();
      else schedule();
    },
    flush,
    close() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
    },
  };
}
