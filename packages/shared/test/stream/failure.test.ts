import { expect, it } from 'vitest';
import { createFailure } from '../../src/stream/failure.js';
import { quiet } from './harness.js';

it('tells the first reason, also to who listens late', async () => {
  const failure = createFailure(quiet);
  expect(failure.hasFailed()).toBe(false);
  failure.report(new Error('first'));
  failure.report(new Error('second'));
  expect(failure.hasFailed()).toBe(true);
  await expect(failure.failed).rejects.toThrow('first');
});
