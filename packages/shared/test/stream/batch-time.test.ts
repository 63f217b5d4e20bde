import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatchTime } from '../../src/stream/batch-time.js';

const learn = (timeOf: (messages: number) => number, sizes: readonly number[]) => {
  const batchTime = createBatchTime();
  for (const messages of sizes) batchTime.observe(messages, timeOf(messages));
  return batchTime.perMessageMs();
};
const mixed = Array.from({ length: 200 }, (_, i) => 1 + ((i * 7) % 12));

describe('the time of a message', () => {
  it('is not known before a batch was seen', () => {
    expect(createBatchTime().perMessageMs()).toBeNull();
  });

  it('is what a batch takes longer for it, not the share of what every batch costs', () => {
    expect(learn((messages) => 12 + 6 * messages, mixed)).toBeCloseTo(6, 6);
  });

  it('is the mean as long as all batches are of one size', () => {
    expect(learn((messages) => 12 + 6 * messages, [4, 4, 4])).toBeCloseTo(9, 6);
  });

  it('follows a machine that becomes slower', () => {
    const batchTime = createBatchTime();
    for (const messages of mixed) batchTime.observe(messages, 5 * messages);
    for (const messages of mixed) batchTime.observe(messages, 20 * messages);
    expect(batchTime.perMessageMs()).toBeGreaterThan(19);
  });

  it('is, whatever was seen, no longer than the mean and never nothing where batches took time', () => {
    const seen = fc.array(fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 500 })), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(seen, (batches) => {
        const batchTime = createBatchTime();
        for (const [messages, ms] of batches) batchTime.observe(messages, ms);
        expect(batchTime.perMessageMs()).toBeGreaterThan(0);
        expect(batchTime.perMessageMs()).toBeLessThanOrEqual(500);
      }),
    );
  });
});
