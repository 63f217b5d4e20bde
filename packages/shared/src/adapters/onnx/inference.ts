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
 * Opens graphs in the process's inference thread, which starts with the first and ends with the last of its users. A thread that has ended
 * is started again, with the same graphs, by the next run. Throws BUNDLE_INVALID when a graph cannot be loaded, INFERENCE_FAILED when the
 * thread ends.
 */
export async function openInference(options: OpenInferenceOptions, startHost: () => WorkerHost = startWorkerHost): Promise<Inference> {
  // Names are the user's own; two users may both call a graph `image`.
  const scope = `${opened++}`;
  const inScope = (graph: string) => `${scope}/${graph}`;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Whoever cares waits for it; nobody doing so must not end the process.
  failed.catch(() => {});
  let host = await openGraphs(options, inScope, startHost);
  let restarting: Promise<WorkerHost> | null = null;
  let closed = false;

  async function restart(): Promise<WorkerHost> {
    try {
      host = await openGraphs(options, inScope, startHost);
      return host;
    } catch (error) {
      fail(error);
      throw new LabelstreamError('INFERENCE_FAILED', 'the inference worker cannot be started again', { cause: error });
    } finally {
      restarting = null;
    }
  }

  function running(): Promise<WorkerHost> | WorkerHost {
    if (closed || !host.hasEnded()) return host;
    restarting ??= restart();
    return restarting;
  }

  return {
    run: async (graph, inputs, outputs) => {
      const request = { kind: 'run', graph: inScope(graph), inputs, ...(outputs && { outputs }) } as const;
      const result = await (await running()).request(request);
      if (result === undefined) throw new LabelstreamError('INFERENCE_FAILED', `graph ${graph} gave no answer`);
      return result;
    },
    failed,
    close: once(async () => {
      closed = true;
      await restarting?.catch(() => {});
      await leave(host, Object.keys(options.graphs).map(inScope));
    }),
  };
}

/** Joins the thread and loads the graphs; on failure leaves it again. */
async function openGraphs(
  { graphs, threads, providers }: OpenInferenceOptions,
  inScope: (graph: string) => string,
  startHost: () => WorkerHost,
): Promise<WorkerHost> {
  const host = await joinHost(startHost);
  try {
    for (const [graph, path] of Object.entries(graphs)) await openGraph(host, { graph: inScope(graph), path, threads, providers });
    return host;
  } catch (error) {
    await leave(host, Object.keys(graphs).map(inScope));
    throw error;
  }
}

async function leave(host: WorkerHost, graphs: readonly string[]): Promise<void> {
  await Promise.all(graphs.map((graph) => host.request({ kind: 'release', graph }).catch(() => {})));
  await leaveHost(host);
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

async function joinHost(startHost: () => WorkerHost): Promise<WorkerHost> {
  let ending: Promise<void>;
  do {
    ending = lastClosed;
    await ending;
  } while (ending !== lastClosed);
  // A thread that has ended is not handed out again.
  if (shared === undefined || shared.host.hasEnded()) shared = { host: startHost(), users: 0 };
  shared.users += 1;
  return shared.host;
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
