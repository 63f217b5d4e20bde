import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openInference } from '../../../src/adapters/onnx/inference.js';
import { startWorkerHost } from '../../../src/adapters/onnx/worker-host.js';
import type { Inference, Tensors } from '../../../src/ports/inference.js';

const BUNDLES = join(import.meta.dirname, '../../fixtures/bundles');
const TEXT = join(BUNDLES, 'encoder/text.onnx');
const IMAGE = join(BUNDLES, 'encoder/image.onnx');

const textInputs = (rows: number[][]): Tensors => {
  const dims = [rows.length, rows[0]!.length];
  return {
    input_ids: { type: 'int64', dims, data: BigInt64Array.from(rows.flat(), BigInt) },
    attention_mask: { type: 'int64', dims, data: new BigInt64Array(rows.flat().length).fill(1n) },
  };
};

describe('openInference', () => {
  const opened: Inference[] = [];
  const open = async (graphs: Record<string, string>) => {
    const inference = await openInference({ graphs, threads: 1, providers: ['cpu'] });
    opened.push(inference);
    return inference;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((inference) => inference.close()));
  });

  it('runs a graph off the main thread and says how long it took', async () => {
    const inference = await open({ text: TEXT });
    const { outputs, runMs } = await inference.run('text', textInputs([[1, 4, 2]]));
    expect(outputs.tokens).toMatchObject({ type: 'float32', dims: [1, 3, 8] });
    expect(outputs.tokens?.data).toHaveLength(24);
    expect(runMs).toBeGreaterThan(0);
  });

  it('moves the buffers of inputs, so that nothing is copied', async () => {
    const inference = await open({ text: TEXT });
    const inputs = textInputs([[1, 4, 2]]);
    await inference.run('text', inputs);
    expect(inputs.input_ids?.data.byteLength).toBe(0);
  });

  it('copies an input that is a view, and leaves the rest of its buffer alone', async () => {
    const inference = await open({ image: IMAGE });
    const pool = new Uint8Array(1_000).fill(7);
    await inference.run('image', { pixels: { type: 'uint8', dims: [1, 8, 6, 3], data: pool.subarray(100, 244) } });
    expect(pool).toHaveLength(1_000);
  });

  it('answers queued runs each with its own result', async () => {
    const inference = await open({ text: TEXT });
    const alone = await Promise.all(
      [4, 5, 6].map(async (id) => (await inference.run('text', textInputs([[1, id, 2]]))).outputs.embedding?.data),
    );
    const together = (await inference.run('text', textInputs([4, 5, 6].map((id) => [1, id, 2])))).outputs.embedding?.data as Float32Array;
    alone.forEach((embedding, row) => {
      embedding?.forEach((value, at) => {
        expect(value).toBeCloseTo(together[row * 6 + at]!, 5);
      });
    });
  });

  it('lets several users share the thread, each with names of its own', async () => {
    const [first, second] = await Promise.all([open({ graph: TEXT }), open({ graph: IMAGE })]);
    await first.close();
    const { outputs } = await second.run('graph', { pixels: { type: 'uint8', dims: [1, 8, 6, 3], data: new Uint8Array(144) } });
    expect(outputs.tokens?.dims).toEqual([1, 5, 8]);
    await expect(first.run('graph', textInputs([[1, 2]]))).rejects.toMatchObject({ code: 'STAGE_FAILED' });
  });

  it('starts a fresh thread after the last user has left', async () => {
    await (await open({ text: TEXT })).close();
    const again = await open({ text: TEXT });
    await expect(again.run('text', textInputs([[1, 2]]))).resolves.toBeDefined();
  });

  it('fails only the run whose inputs the graph refuses', async () => {
    const inference = await open({ text: TEXT });
    const wrong = inference.run('text', { input_ids: { type: 'float32', dims: [1, 1], data: new Float32Array(1) } });
    const right = inference.run('text', textInputs([[1, 2]]));
    await expect(wrong).rejects.toMatchObject({ code: 'STAGE_FAILED' });
    await expect(right).resolves.toBeDefined();
  });

  it('refuses a file that is not a graph and leaves no thread behind', async () => {
    await expect(open({ text: join(BUNDLES, 'encoder/tokenizer.json') })).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    await expect(open({ text: TEXT })).resolves.toBeDefined();
  });
});

/** A thread that answers with what it has open, and ends at a run of the graph `bad`, or when it is to load a file that is gone. */
const FRAGILE = `
  import { parentPort } from 'node:worker_threads';
  const open = [];
  parentPort.on('message', ({ id, kind, graph, path }) => {
    if (kind === 'run' && graph.endsWith('/bad')) process.exit(3);
    if (kind === 'open') open.push(graph);
    if (path === 'gone') return parentPort.postMessage({ id, error: 'no such file' });
    parentPort.postMessage({ id, result: { runMs: open.length, outputs: {} } });
    if (kind === 'close') process.exit(0);
  });`;

describe('an inference thread that ends', () => {
  let started = 0;
  const startFragile = () => {
    started += 1;
    return startWorkerHost(new URL(`data:text/javascript,${encodeURIComponent(FRAGILE)}`));
  };
  const open = (graphs: Record<string, string>) => openInference({ graphs, threads: 1, providers: ['cpu'] }, startFragile);
  const codeOf = (run: Promise<unknown>) =>
    run.then(
      () => 'fine',
      ({ code }: { code: string }) => code,
    );

  it('is started again by the next run, with the graphs of each user, and blames the run that ended it', async () => {
    started = 0;
    const [first, second] = [await open({ good: '', bad: '' }), await open({ other: '' })];
    expect(await Promise.all([first.run('bad', {}), second.run('other', {})].map(codeOf))).toEqual([
      'INFERENCE_CRASHED',
      'INFERENCE_FAILED',
    ]);
    expect(await Promise.all([first.run('good', {}), first.run('good', {}), second.run('other', {})].map(codeOf))).toEqual([
      'fine',
      'fine',
      'fine',
    ]);
    expect((await second.run('other', {})).runMs).toBe(3);
    expect(started).toBe(2);
    expect(await codeOf(first.run('bad', {}))).toBe('INFERENCE_CRASHED');
    expect(await codeOf(second.run('other', {}))).toBe('fine');
    expect(started).toBe(3);
    await Promise.all([first.close(), second.close()]);
    expect(await codeOf(first.run('good', {}))).not.toBe('fine');
    expect(started).toBe(3);
  });

  it('tells by `failed` when it cannot be started again', async () => {
    const graphs: Record<string, string> = { bad: '' };
    const inference = await open(graphs);
    expect(await codeOf(inference.run('bad', {}))).toBe('INFERENCE_CRASHED');
    graphs.bad = 'gone';
    expect(await codeOf(inference.run('bad', {}))).toBe('INFERENCE_FAILED');
    await expect(inference.failed).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    await inference.close();
  });
});
