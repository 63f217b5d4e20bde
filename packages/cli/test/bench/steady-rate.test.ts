import { describe, expect, it } from 'vitest';
import { steadyRate } from '../../src/bench/steady-rate.js';

async function* at(times: readonly number[]) {
  yield* times;
}

describe('the steady rate', () => {
  it('leaves out the slow start', async () => {
    const slowStart = [0, 5000, 9000];
    const steady = Array.from({ length: 18 }, (_, i) => 10_000 + i * 100);
    expect(await steadyRate(at([...slowStart, ...steady]), 21)).toBeCloseTo(10, 5);
  });

  it('is the same whether messages come one by one or in batches', async () => {
    // A batch of 32 every second, 120 messages in all: the last batch is smaller, and took as long for its size.
    const batches = Array.from({ length: 120 }, (_, i) => Math.ceil((Math.min(120, (Math.floor(i / 32) + 1) * 32) * 1000) / 32));
    expect(await steadyRate(at(batches), 120)).toBeCloseTo(32, 1);
  });

  it('ends with the last message that is due, although the stream goes on', async () => {
    const times = Array.from({ length: 1000 }, (_, i) => i * 10);
    expect(await steadyRate(at(times), 100)).toBeCloseTo(100, 5);
  });

  it('does not mind messages of several partitions out of order', async () => {
    const times = Array.from({ length: 100 }, (_, i) => i * 10).toReversed();
    expect(await steadyRate(at(times), 100)).toBeCloseTo(100, 5);
  });
});
