import { describe, expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { PartitionOffset } from '../../src/ports/broker.js';
import { createCommitter } from '../../src/stream/committer.js';
import { createOffsetTracker } from '../../src/stream/offset-tracker.js';
import { quiet, until } from './harness.js';

const at = (offset: number) => ({ topic: 't', partition: 0, offset });

function setUp(policy: { everyMs: number; everyMessages: number }, errors: Error[] = []) {
  const commits: PartitionOffset[][] = [];
  const fatal: unknown[] = [];
  const tracker = createOffsetTracker();
  const subscription = {
    async commit(offsets: readonly PartitionOffset[]) {
      const error = errors.shift();
      if (error !== undefined) throw error;
      commits.push([...offsets]);
    },
  };
  const committer = createCommitter({ subscription, tracker, policy, log: quiet, onFatal: (error) => fatal.push(error) });
  const finish = (...offsets: number[]) => {
    for (const offset of offsets) {
      tracker.track(at(offset));
      tracker.resolve(at(offset));
    }
    committer.resolved(offsets.length);
  };
  return { committer, commits, fatal, finish };
}

const NEVER = 60_000;

describe('createCommitter', () => {
  it('commits after some time, many messages at once', async () => {
    const { commits, finish } = setUp({ everyMs: 5, everyMessages: NEVER });
    finish(0);
    finish(1, 2);
    await until(() => commits.length > 0);
    expect(commits).toEqual([[at(3)]]);
  });

  it('commits after some messages', async () => {
    const { commits, committer, finish } = setUp({ everyMs: NEVER, everyMessages: 3 });
    finish(0, 1);
    expect(commits).toEqual([]);
    finish(2);
    await until(() => commits.length > 0);
    expect(commits).toEqual([[at(3)]]);
    committer.close();
  });

  it('commits on demand, and nothing twice', async () => {
    const { commits, committer, finish } = setUp({ everyMs: NEVER, everyMessages: NEVER });
    finish(0);
    await committer.flush();
    await committer.flush();
    expect(commits).toEqual([[at(1)]]);
  });

  it('keeps positions due while the broker is down', async () => {
    const { commits, fatal, finish } = setUp({ everyMs: 1, everyMessages: NEVER }, [
      new LabelstreamError('BROKER_UNAVAILABLE', 'down'),
      new LabelstreamError('BROKER_UNAVAILABLE', 'down'),
    ]);
    finish(0);
    await until(() => commits.length > 0);
    expect(commits).toEqual([[at(1)]]);
    expect(fatal).toEqual([]);
  });

  it('reports what it cannot get over', async () => {
    const bug = new TypeError('bug');
    const { committer, fatal, finish } = setUp({ everyMs: NEVER, everyMessages: NEVER }, [bug]);
    finish(0);
    await committer.flush();
    expect(fatal).toEqual([bug]);
  });
});
