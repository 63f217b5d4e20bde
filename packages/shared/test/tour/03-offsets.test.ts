import { expect, it } from 'vitest';
import { createOffsetTracker } from '../../src/stream/offset-tracker.js';

/*
 * Chapter 3: offsets.
 *
 * A committed offset is a promise: "everything below is done". Whoever takes over the partition begins there. Micro-batches overlap and
 * finish in any order, so what may be committed is the lowest offset that is not done yet.
 */
const at = (offset: number) => ({ topic: 'listings.encoded', partition: 0, offset });

it('what is done early waits for what is not', () => {
  const tracker = createOffsetTracker();
  for (const offset of [0, 1, 2, 3]) tracker.track(at(offset));

  tracker.resolve(at(2));
  tracker.resolve(at(3));
  expect(tracker.committable()).toEqual([]);

  tracker.resolve(at(0));
  expect(tracker.committable()).toEqual([at(1)]);

  tracker.resolve(at(1));
  expect(tracker.committable()).toEqual([at(4)]);
});

/* Not every offset is a message: the end of a transaction takes one, and a compacted topic has lost most of its own. */
it('gaps are no messages, so nobody waits for them', () => {
  const tracker = createOffsetTracker();
  for (const offset of [10, 12, 90]) tracker.track(at(offset));
  tracker.resolve(at(10));
  expect(tracker.committable()).toEqual([at(12)]);
  tracker.resolve(at(12));
  expect(tracker.committable()).toEqual([at(90)]);
});
