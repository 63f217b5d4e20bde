import { z } from 'zod';
import { setting } from '../config.js';

/** A setting that names the folder of a bundle. */
export const bundleFolder = () => z.string().min(1);

/** Settings that every process with models in it understands. */
export const modelSettings = z.object({
  ENCODER_BUNDLE: bundleFolder()
    .default('models/encoder-fashion-small')
    .describe('Folder of the encoder bundle; a relative path is taken from the repository root.'),
  INFERENCE_THREADS: setting.integer(1, 256).default(1).describe('Threads within one operator of ONNX Runtime.'),
  INFERENCE_PROVIDER: z
    .enum(['cpu', 'cuda'])
    .default('cpu')
    .describe('Where ONNX Runtime computes; `cuda` needs its provider libraries beside the binding and falls back to the CPU.'),
  INFERENCE_RUN_SIZE: setting.integer(1, 1024).default(8).describe('Most listings in one run of a graph.'),
  REQUEUE_LIMIT: setting
    .integer(0, 1000)
    .default(5)
    .describe('How often a listing is prepared again because its cached pixels or tokens vanished, before it becomes a dead letter.'),
});

export type ModelSettings = z.infer<typeof modelSettings>;
