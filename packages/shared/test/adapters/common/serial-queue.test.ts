import { describe, expect, it } from 'vitest';
import { createSerialQueue } from '../../../src/adapters/common/serial-queue.js';

describe('serial queue', () => {
  it('runs tasks one after the other, also after one that failed', async () => {
    const queue = createSerialQueue();
    const steps: string[] = [];
    const task =
      (name: string, delayMs: number, fails = false) =>
      async () => {
        steps.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        steps.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const results = await Promise.allSettled([queue.run(task('a', 20)), queue.run(task('b', 1, true)), queue.run(task('c', 1))]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});
