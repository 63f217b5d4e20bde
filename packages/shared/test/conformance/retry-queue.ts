import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { RetryJob, RetryQueue } from '../../src/ports/retry-queue.js';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition: () => boolean | Promise<boolean>, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}

const job = (productId: string, attempt = 1): RetryJob => ({
  id: `${productId}:7:${attempt}`,
  lane: 'live',
  attempt,
  event: JSON.stringify({ productId, title: 'Größe "L"' }),
  reason: 'IMAGE_NOT_FOUND',
  receivedAt: 1_700_000_000_000,
});

/** Everything the retry-queue port promises. Queues that `open` opens for one prefix are one queue, also after a restart when `durable`. */
export function retryQueueConformance(
  name: string,
  open: (prefix: string) => Promise<RetryQueue>,
  { durable }: { readonly durable: boolean },
): void {
  describe(`${name} retry queue`, () => {
    const opened: RetryQueue[] = [];
    const openNew = async (prefix = `test-${randomUUID().slice(0, 8)}.`) => {
      const queue = await open(prefix);
      opened.push(queue);
      return queue;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((queue) => queue.close()));
    });

    it('hands out a job when it is due, not before, exactly as it was planned', async () => {
      const queue = await openNew();
      const seen: { job: RetryJob; afterMs: number }[] = [];
      const startedAt = Date.now();
      await queue.consume(async (due) => {
        seen.push({ job: due, afterMs: Date.now() - startedAt });
      });
      await queue.schedule(job('p-1'), 300);
      expect(await queue.pending()).toBe(1);
      await until(() => seen.length === 1, 'the job is due');
      expect(seen[0]!.job).toEqual(job('p-1'));
      expect(seen[0]!.afterMs).toBeGreaterThanOrEqual(290);
      await until(async () => (await queue.pending()) === 0, 'nothing is left');
    });

    it('plans a job once however often it is added, and again after it was handled', async () => {
      const queue = await openNew();
      await queue.schedule(job('p-1'), 50);
      await queue.schedule(job('p-1'), 50);
      await queue.schedule(job('p-1', 2), 50);
      await queue.schedule(job('11'), 50);
      expect(await queue.pending()).toBe(3);
      const seen: string[] = [];
      await queue.consume(async ({ id }) => {
        seen.push(id);
      });
      await until(() => seen.length === 3, 'all jobs');
      expect([...seen].sort()).toEqual(['11:7:1', 'p-1:7:1', 'p-1:7:2']);
      await until(async () => (await queue.pending()) === 0, 'nothing is left');
      await queue.schedule(job('p-1'), 0);
      await until(() => seen.length === 4, 'the job planned again');
    });

    it('hands out jobs that were due before anybody consumed, one at a time', async () => {
      const queue = await openNew();
      for (let i = 0; i < 5; i++) await queue.schedule(job(`p-${i}`), 0);
      let [active, most, done] = [0, 0, 0];
      await queue.consume(async () => {
        most = Math.max(most, ++active);
        await sleep(20);
        active--;
        done++;
      });
      await until(() => done === 5, 'all jobs');
      expect(most).toBe(1);
    });

    it('hands out a job again whose handler failed, others meanwhile', async () => {
      const queue = await openNew();
      const calls: string[] = [];
      await queue.consume(async ({ id }) => {
        calls.push(id);
        if (id === job('bad').id && calls.filter((call) => call === id).length === 1) throw new Error('the broker is down');
      });
      await queue.schedule(job('bad'), 0);
      await queue.schedule(job('good'), 20);
      await until(() => calls.length === 3, 'three calls');
      expect(calls).toEqual([job('bad').id, job('good').id, job('bad').id]);
      await until(async () => (await queue.pending()) === 0, 'nothing is left');
    });

    it('finishes the job under way when it is closed, and takes no more', async () => {
      const queue = await openNew();
      let finished = false;
      let begun = false;
      await queue.consume(async () => {
        begun = true;
        await sleep(200);
        finished = true;
      });
      await queue.schedule(job('p-1'), 0);
      await until(() => begun, 'the handler runs');
      await queue.close();
      expect(finished).toBe(true);
      await expect(queue.schedule(job('p-2'), 0)).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retriable: true });
    });

    if (!durable) return;
    it('keeps jobs through a restart, and apart by prefix', async () => {
      const prefix = `test-${randomUUID().slice(0, 8)}.`;
      const first = await openNew(prefix);
      await first.schedule(job('p-1'), 200);
      await first.close();
      const [second, other] = [await openNew(prefix), await openNew()];
      expect(await other.pending()).toBe(0);
      const seen: string[] = [];
      await second.consume(async ({ id }) => {
        seen.push(id);
      });
      await until(() => seen.length === 1, 'the job of the closed queue');
    });
  });
}
