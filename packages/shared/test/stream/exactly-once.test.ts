import { expect, it } from 'vitest';
import { LabelstreamError } from '../../src/errors.js';
import type { InMessage } from '../../src/ports/broker.js';
import { createDecider } from '../../src/stream/decided.js';
import { deliverExactlyOnce, type ExactlyOnceDeps } from '../../src/stream/exactly-once.js';
import { createPatience } from '../../src/stream/outage.js';
import type { PartitionTransactions } from '../../src/stream/partition-transactions.js';
import { brokerWithTopics, countingMetrics, passOn, quiet, stageOf, topics } from './harness.js';

const message: InMessage = {
  topic: topics.of('encoded'),
  partition: 0,
  offset: 7,
  lane: 'live',
  key: 'p',
  value: null,
  headers: {},
  timestampMs: 0,
  generation: 1,
};

/** Delivers one message in a term that ends during the commit, which `commit` answers, or during `process`. */
async function deliverAcrossTheEndOfATerm(commit: () => Promise<void>, process?: (endTerm: () => void) => Promise<never>) {
  let isOver = false;
  const endTerm = () => {
    isOver = true;
  };
  const { metrics, counted, counts } = countingMetrics();
  const working = stageOf(passOn, 'transactional');
  const stage = process === undefined ? working : { ...working, process: () => process(endTerm) };
  const transactions: PartitionTransactions = {
    open: async () => ({
      isCommitted: () => false,
      progress: () => ({ committed: { live: 0, backfill: 0 }, epoch: 1 }),
      async commit() {
        endTerm();
        await commit();
      },
    }),
    close: async () => {},
  };
  const broker = await brokerWithTopics(1);
  const deps: ExactlyOnceDeps = {
    stage,
    broker,
    subscription: await broker.subscribe({
      groupId: 'g',
      topics: [{ topic: message.topic, lane: 'live' }],
      maxBufferedPerLane: 1,
      from: 'latest',
    }),
    groupId: 'g',
    topics,
    policy: { maxSize: 1, maxAgeMs: 0, backfillShare: 0, backfillBatchMs: 0 },
    patience: createPatience({ log: quiet, backoff: { baseMs: 1, maxMs: 1 }, now: Date.now, random: () => 0, onRetry: () => {} }),
    metrics,
    log: quiet,
    now: Date.now,
    onProgress: () => {},
    onFatal: () => {},
    decider: createDecider(stage, topics),
    transactions,
    term: { isOver: () => isOver, giveUp: new AbortController() },
  };
  await deliverExactlyOnce(deps, [message]);
  return { counted, ...counts };
}

it('counts what was committed although the term ended meanwhile', async () => {
  expect(await deliverAcrossTheEndOfATerm(async () => {})).toEqual({ counted: ['emit'], abandoned: 0 });
});

it('takes being fenced by the next owner for the normal end of a term', async () => {
  const fenced = () => Promise.reject(new LabelstreamError('BROKER_FENCED', 'the next owner took over'));
  expect(await deliverAcrossTheEndOfATerm(fenced)).toEqual({ counted: [], abandoned: 1 });
});

it('takes a claim of the next owner to the published state for the end of a term as well, and for no bad message', async () => {
  const claimed = new LabelstreamError('STATE_FENCED', 'the next owner writes');
  const nothing = async () => {};
  const afterItsEnd = async (endTerm: () => void) => {
    endTerm();
    throw claimed;
  };
  expect(await deliverAcrossTheEndOfATerm(nothing, afterItsEnd)).toEqual({ counted: [], abandoned: 1 });
  await expect(deliverAcrossTheEndOfATerm(nothing, () => Promise.reject(claimed))).rejects.toBe(claimed);
});
