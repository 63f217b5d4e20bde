import { describe, expect, it } from 'vitest';
import { drainWithin } from '../../../src/adapters/common/drain.js';

describe('draining', () => {
  it('waits for the work under way and reports nothing', async () => {
    let done = false;
    const drain = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      done = true;
    };
    expect(await drainWithin(drain, 5000)).toBeUndefined();
    expect(done).toBe(true);
  });

  it('gives up after its deadline', async () => {
    expect(await drainWithin(() => new Promise(() => {}), 20)).toBeInstanceOf(Error);
  });

  it('reports what the work failed with', async () => {
    const error = new Error('x');
    expect(await drainWithin(async () => Promise.reject(error), 5000)).toBe(error);
  });
});
