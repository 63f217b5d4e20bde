/** A dense row-major tensor. fp16 never leaves a store: graph inputs and outputs are fp32 or integer. */
export type Tensor =
  | { readonly type: 'float32'; readonly dims: readonly number[]; readonly data: Float32Array }
  | { readonly type: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array }
  | { readonly type: 'uint8'; readonly dims: readonly number[]; readonly data: Uint8Array };

export type Tensors = Readonly<Record<string, Tensor>>;

/** Time the graph itself took, for utilisation metrics. */
export interface RunResult {
  readonly outputs: Tensors;
  readonly runMs: number;
}

/**
 * Runs graphs off the main thread, one `run` at a time per process; calls queue. Input buffers are moved to the worker and must not be
 * used afterwards. Throws STAGE_FAILED when the graph refuses its inputs, INFERENCE_CRASHED when the worker ended during this very run, and
 * INFERENCE_FAILED when it ended before its turn. A worker that has ended is started again by the next run.
 */
export interface Inference {
  /** `graph` is a name given when the inference was opened; `outputs` names those that are wanted, absent: all. */
  run(graph: string, inputs: Tensors, outputs?: readonly string[]): Promise<RunResult>;
  /** Resolves never, or rejects when the worker has ended and cannot be started again. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}
