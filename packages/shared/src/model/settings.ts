import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { setting } from '../config.js';

/** A setting that names a bundle: a folder, or `s3://bucket/prefix`. */
export const bundleFolder = () => z.string().min(1);

/** How S3, or a store that speaks its API, is reached. */
export const s3Settings = z.object({
  S3_ENDPOINT: setting.url('http', 'https').optional().describe('An S3-compatible store; absent: AWS.'),
  S3_REGION: z.string().min(1).default('us-east-1').describe('Region of the buckets.'),
  S3_PATH_STYLE: setting.flag().default(false).describe('Whether buckets are part of the path in place of the host name.'),
  AWS_ACCESS_KEY_ID: z.string().min(1).optional().describe('Credentials for S3; absent: the default chain of the AWS SDK.'),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('Needed with AWS_ACCESS_KEY_ID.'),
  AWS_SESSION_TOKEN: z.string().min(1).optional().describe('For temporary credentials.'),
});
export type S3Settings = z.infer<typeof s3Settings>;

/** How bundles on S3 are reached, and where they are kept. */
export const bundleStoreSettings = z.object({
  BUNDLE_CACHE_DIR: z
    .string()
    .min(1)
    .default(join(tmpdir(), 'labelstream-bundles'))
    .describe('Folder in which bundles from S3 are kept; several processes may share it.'),
  ...s3Settings.shape,
});
export type BundleStoreSettings = z.infer<typeof bundleStoreSettings>;

/** Settings that every process with models in it understands. */
export const modelSettings = z.object({
  ENCODER_BUNDLE: bundleFolder()
    .default('models/encoder-fashion-small')
    .describe('The encoder bundle: a folder (a relative path is taken from the repository root), or `s3://bucket/prefix`.'),
  INFERENCE_THREADS: setting.integer(1, 256).default(1).describe('Threads within one operator of ONNX Runtime.'),
  INFERENCE_PROVIDER: z
    .enum(['cpu', 'cuda'])
    .default('cpu')
    .describe('Where ONNX Runtime computes; `cuda` needs its provider libraries beside the binding and falls back to the CPU.'),
  INFERENCE_RUN_SIZE: setting.integer(1, 1024).default(8).describe('Most listings in one run of a graph.'),
  REQUEUE_LIMIT: setting
    .integer(0, 1000)
    .default(8)
    .describe(
      'How often a listing is prepared again because its cached pixels or tokens vanished, before it becomes a dead letter; the first time at once, then after 1 s, twice as long each time, up to 30 s.',
    ),
  ...bundleStoreSettings.shape,
});

export type ModelSettings = z.infer<typeof modelSettings>;
