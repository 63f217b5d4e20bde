import { describe, expect, it } from 'vitest';
import type { InMessage } from '../../src/ports/broker.js';
import { type CarryOutDeps, createCarryOut } from '../../src/stream/carry-out.js';
import { createOffsetTracker } from '../../src/stream/offset-tracker.js';
import { ABANDONED, createPatience } from '../../src/stream/outage.js';
import { drop, type OutRecord } from '../../src/stream/outcome.js';
import type { Term } from '../../src/stream/term.js';
import { brokerWithTopics, countingMetrics, passOn, quiet, stageOf, topics } from './harness.js';

const messageAt = (offset: number): InMessage => ({
  topic: topics.of('encoded'),
  partition: 0,
  offset,
  lane: 'live',
  key: 'p',
  value: null,
  headers: {},
  timestampMs: 0,
  generation: 1,
});

async function setUp(send: (records: readonly OutRecord[]) => Promise<void> = async () => {}) {
  const sent: number[] = [];
  const { metrics, counted, counts } = countingMetrics();
  const fatal: unknown[] = [];
  const broker = await brokerWithTopics(1);
  const subscription = await broker.subscribe({
    groupId: 'g',
    topics: [{ topic: topics.of('encoded'), lane: 'live' }],
    maxBufferedPerLane: 1,
    from: 'latest',
  });
  const tracker = createOffsetTracker();
  const deps: CarryOutDeps = {
    stage: stageOf(passOn),
    broker,
    subscription,
    groupId: 'g',
    topics,
    policy: { maxSize: 1, maxAgeMs: 0, backfillShare: 0, backfillBatchMs: 0 },
    patience: createPatience({ log: quiet, backoff: { baseMs: 1, maxMs: 1 }, now: Date.now, random: () => 0, onRetry: () => {} }),
    metrics,
    log: quiet,
    now: Date.now,
    onProgress: () => {},
    onFatal: (error) => fatal.push(error),
    tracker,
    committer: { resolved: () => {}, flush: async () => {}, close: () => {} },
    producer: {
      async send(records) {
        await send(records);
        sent.push(records.length);
      },
      close: async () => {},
    },
  };
  const state = { isOver: false };
  const term: Term = { isOver: () => state.isOver, giveUp: new AbortController() };
  const carryOut = createCarryOut(deps);
  const batchOf = (...offsets: number[]) => {
    const batch = offsets.map(messageAt);
    for (const message of batch) tracker.track(message);
    return batch;
  };
  return { carryOut, batchOf, tracker, term, state, sent, fatal, counts: () => ({ settled: counted.length, ...counts }) };
}

describe('createCarryOut', () => {
  it('sends a micro-batch in one piece, and only then lets its offsets be committed', async () => {
    let committableWhileSending: unknown[] | null = null;
    const at = await setUp(async () => {
      committableWhileSending = at.tracker.committable();
    });
    const batch = at.batchOf(0, 1, 2);
    await at.carryOut(batch, batch.map(passOn), at.term);
    expect(at.sent).toEqual([3]);
    expect(committableWhileSending).toEqual([]);
    expect(at.tracker.committable()).toMatchObject([{ offset: 3 }]);
    expect(at.counts()).toEqual({ settled: 3, abandoned: 0 });
  });

  it('sends nothing where there is nothing to send', async () => {
    const at = await setUp();
    const batch = at.batchOf(0, 1);
    await at.carryOut(
      batch,
      batch.map(() => drop('UNCHANGED')),
      at.term,
    );
    expect(at.sent).toEqual([]);
    expect(at.counts().settled).toBe(2);
  });

  it('carries nothing out whose partitions have been given up meanwhile', async () => {
    const at = await setUp();
    const batch = at.batchOf(0, 1);
    at.state.isOver = true;
    await at.carryOut(batch, batch.map(passOn), at.term);
    expect(at.sent).toEqual([]);
    expect(at.counts()).toEqual({ settled: 0, abandoned: 2 });
    expect(at.tracker.committable()).toEqual([]);
  });

  it('gives up with a batch all later ones of its term, so that none overtakes what is delivered again', async () => {
    const at = await setUp();
    const first = at.batchOf(0);
    const second = at.batchOf(1);
    await at.carryOut(first, ABANDONED, at.term);
    await at.carryOut(second, second.map(passOn), at.term);
    expect(at.sent).toEqual([]);
    expect(at.counts()).toEqual({ settled: 0, abandoned: 2 });
    const nextTerm: Term = { isOver: () => false, giveUp: new AbortController() };
    await at.carryOut(second, second.map(passOn), nextTerm);
    expect(at.sent).toEqual([1]);
  });

  it('reports what it cannot get over, and carries nothing out after it', async () => {
    const bug = new TypeError('bug');
    let broken = true;
    const at = await setUp(async () => {
      if (broken) throw bug;
    });
    const first = at.batchOf(0);
    const second = at.batchOf(1);
    await at.carryOut(first, first.map(passOn), at.term);
    broken = false;
    await at.carryOut(second, second.map(passOn), at.term);
    expect(at.fatal).toEqual([bug]);
    expect(at.sent).toEqual([]);
    expect(at.tracker.committable()).toEqual([]);
  });
});
