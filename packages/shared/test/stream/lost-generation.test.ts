import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/events/lane.js';
import type { InMessage, PartitionOffset, Subscription } from '../../src/ports/broker.js';
import { createCommitter } from '../../src/stream/committer.js';
import { deliverAtLeastOnce } from '../../src/stream/deliver-at-least-once.js';
import { deliverTransactionally } from '../../src/stream/deliver-transactionally.js';
import type { DeliveryDeps } from '../../src/stream/delivery.js';
import { createOffsetTracker } from '../../src/stream/offset-tracker.js';
import { createPatience } from '../../src/stream/outage.js';
import type { OutRecord } from '../../src/stream/outcome.js';
import { sleep } from '../../src/stream/wake-up.js';
import { brokerWithTopics, countingMetrics, passOn, quiet, stageOfBatches, topics, until } from './harness.js';

/** A subscription that delivers and loses its assignment as told. */
function manualSubscription() {
  const buffers: Record<Lane, InMessage[]> = { live: [], backfill: [] };
  const commits: number[] = [];
  let generation = 1;
  const subscription: Subscription = {
    take: (lane, max) => buffers[lane].splice(0, max),
    wait: (maxWaitMs) => sleep(maxWaitMs),
    buffered: (lane) => buffers[lane].length,
    available: (lane) => buffers[lane].length,
    hold: () => {},
    commit: async (offsets: readonly PartitionOffset[]) => void commits.push(...offsets.map(({ offset }) => offset)),
    generation: () => generation,
    assignment: () => [{ topic: topics.of('encoded'), partition: 0 }],
    onRevoke: () => {},
    failed: new Promise<never>(() => {}),
    close: async () => {},
  };
  return {
    subscription,
    commits,
    deliver(...offsets: number[]) {
      const common = {
        topic: topics.of('encoded'),
        partition: 0,
        lane: 'live' as const,
        key: 'p',
        value: null,
        headers: {},
        timestampMs: 0,
      };
      buffers.live.push(...offsets.map((offset) => ({ ...common, offset, generation })));
    },
    /** The membership is gone without a warning, and there is a new one. */
    loseGeneration() {
      buffers.live = [];
      generation += 1;
    },
  };
}

/** Calls that end when they are told to. */
function gate() {
  const waiting: (() => void)[] = [];
  return {
    pass: () => new Promise<void>((resolve) => waiting.push(resolve)),
    open: (index: number) => waiting[index]?.(),
    calls: () => waiting.length,
  };
}

async function setUp(delivery: 'at-least-once' | 'transactional') {
  const manual = manualSubscription();
  const stageGate = gate();
  const taken: number[][] = [];
  const stage = stageOfBatches(async (batch) => {
    taken.push(batch.map(({ offset }) => offset));
    await stageGate.pass();
    return batch.map(passOn);
  }, delivery);
  const { metrics, counted, counts } = countingMetrics();
  const fatal: unknown[] = [];
  const deps: DeliveryDeps = {
    stage,
    broker: await brokerWithTopics(1),
    subscription: manual.subscription,
    groupId: 'g',
    topics,
    policy: { maxSize: 8, maxAgeMs: 0, backfillShare: 0, backfillBatchMs: 0 },
    patience: createPatience({ log: quiet, backoff: { baseMs: 1, maxMs: 1 }, now: Date.now, random: () => 0, onRetry: () => {} }),
    metrics,
    log: quiet,
    now: Date.now,
    onProgress: () => {},
    onFatal: (error) => fatal.push(error),
  };
  return { ...manual, deps, stageGate, taken, counted, counts, fatal };
}

describe('at least once, a lost generation', () => {
  async function start() {
    const at = await setUp('at-least-once');
    const sent: number[] = [];
    const sendGate = gate();
    const producer = {
      async send(records: readonly OutRecord[]) {
        await sendGate.pass();
        sent.push(records.length);
      },
      close: async () => {},
    };
    const tracker = createOffsetTracker();
    const policy = { everyMs: 60_000, everyMessages: 60_000 };
    const committer = createCommitter({ subscription: at.subscription, tracker, policy, log: quiet, onFatal: at.deps.onFatal });
    const delivery = deliverAtLeastOnce({ ...at.deps, producer, tracker, committer, maxInFlight: 2 });
    return { ...at, delivery, committer, sendGate, sent };
  }

  it('is neither sent nor committed', async () => {
    const at = await start();
    at.deliver(0, 1);
    at.delivery.pump();
    at.loseGeneration();
    at.stageGate.open(0);
    await until(() => at.counts.abandoned === 2);
    await at.committer.flush();
    expect(at.sendGate.calls()).toBe(0);
    expect(at.commits).toEqual([]);
    await at.delivery.close();
  });

  it('holds up no later one: what others have done since is not waited for', async () => {
    const at = await start();
    at.deliver(0, 1);
    at.delivery.pump();
    at.loseGeneration();
    at.deliver(5);
    at.delivery.pump();
    at.stageGate.open(0);
    at.stageGate.open(1);
    await until(() => at.sendGate.calls() === 1);
    at.sendGate.open(0);
    await until(() => at.counted.length === 1);
    await at.committer.flush();
    expect(at.commits).toEqual([6]);
    await at.delivery.close();
  });

  it('that was just being sent does not count for the messages that are delivered again', async () => {
    const at = await start();
    at.deliver(0);
    at.delivery.pump();
    at.stageGate.open(0);
    await until(() => at.sendGate.calls() === 1);
    at.loseGeneration();
    at.deliver(0);
    at.delivery.pump();
    at.sendGate.open(0);
    await until(() => at.counted.length === 1);
    await at.committer.flush();
    expect(at.commits).toEqual([]);
    at.stageGate.open(1);
    await until(() => at.sendGate.calls() === 2);
    at.sendGate.open(1);
    await until(() => at.counted.length === 2);
    await at.committer.flush();
    expect(at.commits).toEqual([1]);
    await at.delivery.close();
  });
});

describe('transactionally, a lost generation', () => {
  it('is not committed, and its successor begins only when its last call has ended', async () => {
    const at = await setUp('transactional');
    const delivery = deliverTransactionally(at.deps);
    at.deliver(0, 1);
    delivery.pump();
    await until(() => at.stageGate.calls() === 1);
    at.loseGeneration();
    at.deliver(0, 1, 2);
    delivery.pump();
    await sleep(20);
    expect(at.taken).toEqual([[0, 1]]);
    at.stageGate.open(0);
    await until(() => at.stageGate.calls() === 2);
    expect(at.counts.abandoned).toBe(2);
    expect(await at.deps.broker.committed('g', [topics.of('encoded')])).toEqual([]);
    expect(at.taken[1]).toEqual([0, 1, 2]);
    at.stageGate.open(1);
    await until(() => at.counted.length === 3);
    expect(await at.deps.broker.committed('g', [topics.of('encoded')])).toMatchObject([{ offset: 3 }]);
    expect(at.fatal).toEqual([]);
    await delivery.close();
  });
});
