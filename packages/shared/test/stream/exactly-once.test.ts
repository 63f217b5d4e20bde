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

/** Delivers one message in a term that ends during the commit, which `commit` answers. */
async function deliverAcrossTheEndOfATerm(commit: () => Promise<void>) {
  let isOver = false;
  const { metrics, counted, counts } = countingMetrics();
  const stage = stageOf(passOn, 'transactional');
  const transactions: PartitionTransactions = {
    open: async () => ({
      isCommitted: () => false,
      progress: () => ({ committed: { live: 0, backfill: 0 } }),
      async commit() {
        isOver = true;
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
    policy: { maxSize: 1, maxAgeMs: 0, backfillShare: 0 },
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
