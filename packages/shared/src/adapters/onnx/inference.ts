import { LabelstreamError } from '../../errors.js';
import type { Inference } from '../../ports/inference.js';
import { type ExecutionProvider, startWorkerHost, type WorkerHost } from './worker-host.js';

export type { ExecutionProvider } from './worker-host.js';

export interface OpenInferenceOptions {
  /** Graph file (absolute) by the name it is run under. */
  readonly graphs: Readonly<Record<string, string>>;
  /** Threads within one operator. */
  readonly threads: number;
  /** In order of preference. */
  readonly providers: readonly ExecutionProvider[];
}

/** Several ONNX Runtimes in one process have crashed (onnxruntime#24486), so whoever opens graphs in this process shares this thread. */
let shared: { readonly host: WorkerHost; users: number } | undefined;
let lastClosed: Promise<void> = Promise.resolve();
let opened = 0;

/**
 * Opens graphs in the process's inference thread, which starts with the first and ends with the last of its users.
 * Throws BUNDLE_INVALID when a graph cannot be loaded, INFERENCE_FAILED when the thread ends.
 */
export async function openInference({ graphs, threads, providers }: OpenInferenceOptions): Promise<Inference> {
  const host = await joinHost();
  // Names are the user's own; two users may both call a graph `image`.
  const scope = `${opened++}`;
  const inScope = (graph: string) => `${scope}/${graph}`;
  const close = async () => {
    await Promise.all(Object.keys(graphs).map((graph) => host.request({ kind: 'release', graph: inScope(graph) }).catch(() => {})));
    await leaveHost(host);
  };
  try {
    for (const [graph, path] of Object.entries(graphs)) await openGraph(host, { graph: inScope(graph), path, threads, providers });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    run: async (graph, inputs, outputs) => {
      const result = await host.request({ kind: 'run', graph: inScope(graph), inputs, ...(outputs && { outputs }) });
      if (result === undefined) throw new LabelstreamError('INFERENCE_FAILED', `graph ${graph} gave no answer`);
      return result;
    },
    failed: host.failed,
    close: once(close),
  };
}

async function openGraph(
  host: WorkerHost,
  request: { graph: string; path: string; threads: number; providers: readonly ExecutionProvider[] },
): Promise<void> {
  try {
    await host.request({ kind: 'open', ...request });
  } catch (error) {
    if (error instanceof LabelstreamError && error.code === 'INFERENCE_FAILED') throw error;
    throw new LabelstreamError('BUNDLE_INVALID', `${request.path} cannot be loaded`, { cause: error });
  }
}

async function joinHost(): Promise<WorkerHost> {
  let ending: Promise<void>;
  do {
    ending = lastClosed;
    await ending;
  } while (ending !== lastClosed);
  shared ??= startShared();
  shared.users += 1;
  return shared.host;
}

function startShared(): { readonly host: WorkerHost; users: number } {
  const host = startWorkerHost();
  // A thread that died is not handed out again.
  host.failed.catch(() => {
    if (shared?.host === host) shared = undefined;
  });
  return { host, users: 0 };
}

async function leaveHost(host: WorkerHost): Promise<void> {
  if (shared?.host !== host) return;
  shared.users -= 1;
  if (shared.users > 0) return;
  shared = undefined;
  lastClosed = host.close();
  await lastClosed;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
