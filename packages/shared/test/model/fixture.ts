import { openInference } from '../../src/adapters/onnx/inference.js';
import { graphFiles } from '../../src/bundle/graphs.js';
import { loadBundle } from '../../src/bundle/load.js';
import type { Inference, Tensors } from '../../src/ports/inference.js';

const FOLDER = 'packages/shared/test/fixtures/bundles';

/** The tiny bundle pair, its graphs opened, and the shapes of every run. */
export async function openTinyModels() {
  const encoder = await loadBundle(`${FOLDER}/encoder`, 'encoder');
  const fusion = await loadBundle(`${FOLDER}/fusion`, 'fusion');
  const inference = await openInference({ graphs: { ...graphFiles(encoder), ...graphFiles(fusion) }, threads: 1, providers: ['cpu'] });
  const shapes: { graph: string; dims: Record<string, readonly number[]> }[] = [];
  const run: Inference['run'] = (graph: string, inputs: Tensors) => {
    shapes.push({ graph, dims: Object.fromEntries(Object.entries(inputs).map(([name, { dims }]) => [name, dims])) });
    return inference.run(graph, inputs);
  };
  return { encoder, fusion, inference: { ...inference, run }, shapes, close: inference.close };
}

/** Pixels of the tiny image tower, different for each seed. */
export const pixelsOf = (seed: number) => Uint8Array.from({ length: 8 * 6 * 3 }, (_, at) => (at * 7 + seed * 41) % 256);
