import { describe, expect, it } from 'vitest';
import { startWorkerHost } from '../../../src/adapters/onnx/worker-host.js';

/** A thread that ends as `code` says when it is asked for something. */
const threadThat = (code: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { ${code} });`)}`,
  );

describe('a worker that dies', () => {
  it.each([
    ['exits', 'process.exit(3)', /ended with code 3/],
    ['throws', 'throw new Error("out of memory")', /out of memory/],
  ])('by one that %s fails what waits, what comes later, and `failed`', async (_, code, message) => {
    const host = startWorkerHost(threadThat(code));
    const failure = { code: 'INFERENCE_FAILED', retriable: true, message: expect.stringMatching(message) };
    await expect(host.request({ kind: 'run', graph: 'g', inputs: {} })).rejects.toMatchObject(failure);
    await expect(host.request({ kind: 'run', graph: 'g', inputs: {} })).rejects.toMatchObject(failure);
    await expect(host.failed).rejects.toMatchObject(failure);
    await host.close();
  });

  it('is no failure when it was closed', async () => {
    const host = startWorkerHost();
    await host.close();
    const first = await Promise.race([host.failed.catch(() => 'failed'), new Promise((resolve) => setTimeout(resolve, 20, 'quiet'))]);
    expect(first).toBe('quiet');
  });
});
