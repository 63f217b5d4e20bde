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
  ])('by one that %s blames the run that was under way, and fails what waits and what comes later', async (_, code, message) => {
    const host = startWorkerHost(threadThat(code));
    const failure = (code: string) => ({ code, retriable: true, message: expect.stringMatching(message) });
    const [underWay, waiting] = [0, 1].map(() => host.request({ kind: 'run', graph: 'g', inputs: {} }).catch((error: unknown) => error));
    expect(await underWay).toMatchObject(failure('INFERENCE_CRASHED'));
    expect(await waiting).toMatchObject(failure('INFERENCE_FAILED'));
    expect(host.hasEnded()).toBe(true);
    await expect(host.request({ kind: 'run', graph: 'g', inputs: {} })).rejects.toMatchObject(failure('INFERENCE_FAILED'));
    await host.close();
  });

  it('while a graph is loaded blames no run', async () => {
    const host = startWorkerHost(threadThat('process.exit(3)'));
    const opening = host.request({ kind: 'open', graph: 'g', path: '', threads: 1, providers: ['cpu'] }).catch((error: unknown) => error);
    const run = host.request({ kind: 'run', graph: 'g', inputs: {} }).catch((error: unknown) => error);
    expect([await opening, await run]).toMatchObject([{ code: 'INFERENCE_FAILED' }, { code: 'INFERENCE_FAILED' }]);
    await host.close();
  });
});
