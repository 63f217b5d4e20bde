// The one thread in which ONNX Runtime runs. Plain JavaScript, so that the same file is started from the sources (tests) and from dist:
// `run()` blocks the thread it is called on, whatever it returns, and several runtimes in one process are not safe.
import { parentPort } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** @import { InferenceRequest } from './worker-host.js' */

/** @type {Map<string, InferenceSession>} */
const sessions = new Map();

/** @param {Extract<InferenceRequest, { kind: 'open' }>} request */
async function open({ graph, path, threads, providers }) {
  const session = await InferenceSession.create(path, {
    executionProviders: [...providers],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  sessions.set(graph, session);
}

/** @param {Extract<InferenceRequest, { kind: 'run' }>} request */
async function run({ graph, inputs, outputs: wanted }) {
  const session = sessions.get(graph);
  if (session === undefined) throw new Error(`graph ${graph} is not open`);
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]));
  const startedMs = performance.now();
  const results = await session.run(feeds, wanted ?? session.outputNames);
  const runMs = performance.now() - startedMs;
  const outputs = Object.entries(results).map(([name, { type, data, dims }]) => [name, { type, data, dims }]);
  return { runMs, outputs: Object.fromEntries(outputs) };
}

/** @param {Extract<InferenceRequest, { kind: 'release' }>} request */
async function release({ graph }) {
  await sessions.get(graph)?.release();
  sessions.delete(graph);
}

async function close() {
  for (const graph of [...sessions.keys()]) await release({ kind: 'release', graph });
}

/** @param {InferenceRequest} request */
function handle(request) {
  if (request.kind === 'run') return run(request);
  if (request.kind === 'open') return open(request);
  return request.kind === 'release' ? release(request) : close();
}

/** @param {InferenceRequest & { id: number }} request */
async function answer(request) {
  try {
    const result = await handle(request);
    const buffers = result === undefined ? [] : Object.values(result.outputs).map(({ data }) => data.buffer);
    parentPort?.postMessage({ id: request.id, result }, [...new Set(buffers)]);
  } catch (error) {
    parentPort?.postMessage({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
  if (request.kind === 'close') parentPort?.close();
}

// One at a time and in order, so that the time of a run is its own.
let tail = Promise.resolve();
parentPort?.on('message', (request) => {
  tail = tail.then(() => answer(request));
});
