import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInference } from '@labelstream/shared/adapters/onnx/inference';
import type { Tensors } from '@labelstream/shared/ports/inference';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OnnxGraph, writeOnnx } from '../../src/zero-shot/onnx-model.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labelstream-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(graph: OnnxGraph, inputs: Tensors): Promise<Tensors> {
  const path = join(folder, 'graph.onnx');
  await writeFile(path, writeOnnx(graph));
  const inference = await openInference({ graphs: { graph: path }, threads: 1, providers: ['cpu'] });
  try {
    return (await inference.run('graph', inputs)).outputs;
  } finally {
    await inference.close();
  }
}

test('ONNX Runtime opens and runs what was written: constants of both types, both kinds of attributes, free dims', async () => {
  const graph: OnnxGraph = {
    name: 'test',
    nodes: [
      { op: 'MatMul', inputs: ['x', 'matrix'], output: 'product' },
      { op: 'ReduceMax', inputs: ['product'], output: 'largest', attributes: { axes: [1], keepdims: 0 } },
      { op: 'Unsqueeze', inputs: ['largest', 'axes'], output: 'y' },
    ],
    constants: [
      { name: 'matrix', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, -6) },
      { name: 'axes', dims: [1], data: BigInt64Array.of(-1n) },
    ],
    inputs: [{ name: 'x', dims: ['batch', 2] }],
    outputs: [{ name: 'y', dims: ['batch', 1] }],
  };
  for (const rows of [
    [[1, 0]],
    [
      [1, 1],
      [0, -1],
      [2, 0.5],
    ],
  ]) {
    const x = { type: 'float32', dims: [rows.length, 2], data: Float32Array.from(rows.flat()) } as const;
    const expected = rows.map(([a = 0, b = 0]) => Math.max(a + 4 * b, 2 * a + 5 * b, 3 * a - 6 * b));
    expect((await run(graph, { x })).y).toMatchObject({ dims: [rows.length, 1], data: Float32Array.from(expected) });
  }
});
