import { expect, it } from 'vitest';
import type { InMessage } from '../../src/ports/broker.js';
import { deadLetter, defer, drop, emit, type Outcome } from '../../src/stream/outcome.js';
import { brokerWithTopics, contents, deadLetters, output, produce, settled, stageOf, textOf, until, work } from '../stream/harness.js';

/*
 * Chapter 1: outcomes.
 *
 * A stage turns a micro-batch of messages into outcomes, one each, in the same order. An outcome is plain data: it says what is to be done
 * and does nothing itself. The worker does it, counts it, and only then lets the message's offset be committed.
 */
it('one message in, one outcome out: emit, drop, dead letter or defer', async () => {
  const decide = (message: InMessage): Outcome => {
    switch (textOf(message)) {
      case 'shoe:red':
        return emit([{ topic: output, key: 'shoe', value: message.value }]);
      case 'shoe:red again':
        return drop('UNCHANGED');
      case 'shoe:???':
        return deadLetter('EVENT_INVALID', 'no colour');
      default:
        return defer('IMAGE_NOT_FOUND');
    }
  };

  const broker = await brokerWithTopics();
  await produce(broker, ['shoe:red', 'shoe:red again', 'shoe:???', 'shoe:picture to come']);
  const worker = await work(broker, stageOf(decide));
  await until(() => settled(worker) === 4);
  await worker.stop();

  expect(worker.status().outcomes).toEqual({ emit: 1, drop: 1, deadLetter: 1, defer: 1 });
  expect(await contents(broker, output)).toEqual(['shoe:red']);
  expect(await contents(broker, deadLetters)).toEqual(['shoe:???']);
});
