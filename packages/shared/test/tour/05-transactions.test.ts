import { expect, it } from 'vitest';
import type { InMessage } from '../../src/ports/broker.js';
import { type Fault, withFaults } from '../stream/faults.js';
import { brokerWithTopics, contents, output, passOn, produce, settled, stageOfBatches, until, work } from '../stream/harness.js';

/*
 * Chapter 5: transactions.
 *
 * The first three stages deliver at least once: after a failure a record may appear twice, which does no harm, since whatever they write
 * is the same the second time. The labels that the world reads must appear exactly once. So the last stage writes its records and its new
 * offsets in one transaction: either both are there, or neither is.
 */
const passAllOn = (calls: number[][]) =>
  stageOfBatches(async (batch: readonly InMessage[]) => {
    calls.push(batch.map(({ offset }) => offset));
    return batch.map(passOn);
  }, 'transactional');

/** Runs three listings through a broker whose first commit goes wrong. */
async function runWith(firstCommit: Fault) {
  const broker = await brokerWithTopics(1);
  await produce(broker, ['a:1', 'a:2', 'a:3']);
  const faults = [firstCommit];
  const calls: number[][] = [];
  const worker = await work(withFaults(broker, { onTransaction: () => faults.shift() ?? 'none' }), passAllOn(calls));
  await until(() => settled(worker) === 3);
  await worker.stop();
  return { calls, written: await contents(broker, output) };
}

/*
 * The hard case is an answer that never comes: did the transaction go through? Nobody can tell from here. So the worker opens its producer
 * again under the same transactional id. That fences the old one and settles its last transaction, one way or the other. Then the group's
 * committed offsets are the truth: what lies below is done, what lies above is done now.
 */
it('a commit that was lost is made again, from the same offsets', async () => {
  const { calls, written } = await runWith('lost');
  expect(calls).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  expect(written).toEqual(['a:1', 'a:2', 'a:3']);
});

it('a commit whose answer was lost is not made again', async () => {
  const { calls, written } = await runWith('unanswered');
  expect(calls).toEqual([[0, 1, 2]]);
  expect(written).toEqual(['a:1', 'a:2', 'a:3']);
});
