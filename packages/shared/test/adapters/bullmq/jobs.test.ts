import fc from 'fast-check';
import { expect, it } from 'vitest';
import { guarded, jobBackoff, queuePrefix, workerConnection } from '../../../src/adapters/bullmq/jobs.js';

it('pauses longer from attempt to attempt, never longer than the limit, and never for nothing', () => {
  const backoffMs = jobBackoff({ firstMs: 500, maxMs: 30_000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), (failures) => {
      const wholeMs = Math.min(30_000, 500 * 2 ** Math.min(failures - 1, 10));
      const pauseMs = backoffMs(failures);
      expect(pauseMs).toBeGreaterThanOrEqual(wholeMs / 2);
      expect(pauseMs).toBeLessThanOrEqual(wholeMs);
    }),
  );
});

it('keeps the keys of a deployment together in a cluster, and apart from those of another', () => {
  expect(queuePrefix('shop-a.')).toBe('{shop-a.labelstream}');
  expect(queuePrefix('')).not.toBe(queuePrefix('shop-a.'));
});

it('lets a worker wait for as long as the server is away', () => {
  const connection = workerConnection('redis://127.0.0.1:6379', { isClosing: () => false });
  expect(connection).toMatchObject({ enableOfflineQueue: true, maxRetriesPerRequest: null });
  expect(connection).not.toHaveProperty('commandTimeout');
});

it('says of any failure that the queue is away, and what was tried', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  await expect(guarded('adding jobs', () => Promise.reject(refused))).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: expect.stringContaining('adding jobs'),
  });
});
