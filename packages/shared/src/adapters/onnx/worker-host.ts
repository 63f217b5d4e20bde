import { Worker } from 'node:worker_threads';
import { describeError, LabelstreamError } from '../../errors.js';
import type { RunResult, Tensors } from '../../ports/inference.js';

/** Where ONNX Runtime computes. `cuda` needs its provider libraries beside the binding. */
export type ExecutionProvider = 'cpu' | 'cuda';

/** What the inference thread can be asked for. */
export type InferenceRequest =
  | {
      readonly kind: 'open';
      readonly graph: string;
      readonly path: string;
      readonly threads: number;
      readonly providers: readonly ExecutionProvider[];
    }
  | { readonly kind: 'run'; readonly graph: string; readonly inputs: Tensors; readonly outputs?: readonly string[] }
  | { readonly kind: 'release'; readonly graph: string }
  | { readonly kind: 'close' };

interface Reply {
  readonly id: number;
  readonly result?: RunResult;
  readonly error?: string;
}

/** The inference thread, seen from the main thread. */
export interface WorkerHost {
  /**
   * Requests are carried out in order. Throws STAGE_FAILED when the thread refuses the request, INFERENCE_CRASHED when it ended during this
   * very run, INFERENCE_FAILED when it has ended otherwise.
   */
  request(request: InferenceRequest): Promise<RunResult | undefined>;
  hasEnded(): boolean;
  /** Ends the thread after what was asked before. */
  close(): Promise<void>;
}

interface Waiting {
  readonly kind: InferenceRequest['kind'];
  resolve(result: RunResult | undefined): void;
  reject(error: Error): void;
}

const ENTRY = new URL('./inference-worker.js', import.meta.url);

/** Starts the inference thread. */
export function startWorkerHost(entry: URL = ENTRY): WorkerHost {
  const worker = new Worker(entry, { name: 'inference' });
  const waiting = new Map<number, Waiting>();
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let nextId = 0;
  let ended: LabelstreamError | undefined;

  const end = (why: string, cause?: unknown) => {
    ended ??= new LabelstreamError('INFERENCE_FAILED', why, { cause });
    // Carried out in order, so the oldest is the one that was under way.
    let underWay = true;
    for (const { kind, reject } of waiting.values()) {
      reject(underWay && kind === 'run' ? new LabelstreamError('INFERENCE_CRASHED', why, { cause }) : ended);
      underWay = false;
    }
    waiting.clear();
  };
  worker.on('error', (error) => end(`the inference worker failed: ${describeError(error)}`, error));
  worker.on('exit', (code) => end(`the inference worker ended with code ${code}`));
  worker.on('message', ({ id, result, error }: Reply) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(result);
    else caller?.reject(new LabelstreamError('STAGE_FAILED', `inference refused: ${error}`));
  });

  const request = (message: InferenceRequest) =>
    new Promise<RunResult | undefined>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const id = nextId++;
      waiting.set(id, { kind: message.kind, resolve, reject });
      const { inputs, buffers } = message.kind === 'run' ? movable(message.inputs) : { inputs: undefined, buffers: [] };
      worker.postMessage(inputs === undefined ? { ...message, id } : { ...message, inputs, id }, buffers);
    });

  const close = async () => {
    if (ended === undefined) await request({ kind: 'close' }).catch(() => {});
    await exited;
  };
  return { request, hasEnded: () => ended !== undefined, close };
}

/** Inputs that own their whole buffer, and those buffers: a view of a larger buffer would take all of it along. */
function movable(inputs: Tensors): { inputs: Tensors; buffers: ArrayBuffer[] } {
  const owned = Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const { data } = tensor;
      return [name, data.byteLength === data.buffer.byteLength ? tensor : { ...tensor, data: data.slice() }];
    }),
  ) as Tensors;
  const buffers = Object.values(owned).map(({ data }) => data.buffer as ArrayBuffer);
  return { inputs: owned, buffers: [...new Set(buffers)] };
}
