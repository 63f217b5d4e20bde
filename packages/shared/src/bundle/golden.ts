import { z } from 'zod';
import { LabelstreamError } from '../errors.js';
import type { Inference, Tensor, Tensors } from '../ports/inference.js';
import type { CaptionManifest, EncoderManifest, FusionManifest, Manifest } from './manifest.js';
import { tokenWidths } from './token-widths.js';
import { refuse } from './validate.js';

const flat = { dims: z.array(z.int().min(1)), data: z.array(z.number()).min(1) };
const elements = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

const inputTensor = z
  .object({ ...flat, type: z.enum(['float32', 'int64', 'uint8']) })
  .refine(({ dims, data }) => data.length === elements(dims), 'has not as many values as its dims say');
/** The values may be only the first ones of the flat output. */
const outputTensor = z.object(flat).refine(({ dims, data }) => data.length <= elements(dims), 'has more values than its dims say');

const goldenCases = z
  .array(
    z.object({
      /** `image`, `text`, `fusion`, `prefix` or `step`. */
      graph: z.string(),
      inputs: z.record(z.string(), inputTensor),
      outputs: z.record(z.string(), outputTensor),
    }),
  )
  .min(1);

/** One case of golden.json: what goes into a graph and what must come out, flat row-major values. */
export type GoldenCase = z.infer<typeof goldenCases>[number];

/** `null` stands for any size. */
type Shape = readonly (number | null)[];

/** Checks the form of a parsed golden.json. Throws BUNDLE_INVALID. */
export function parseGolden(raw: unknown, where: string): readonly GoldenCase[] {
  const parsed = goldenCases.safeParse(raw);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return refuse(where, `${issue?.path.join('.')} ${issue?.message}`);
}

/** Whether the golden vectors have the dims that the manifest promises. Throws BUNDLE_INVALID. */
export function checkGoldenShapes(manifest: Manifest, cases: readonly GoldenCase[], where: string): void {
  const shapes = shapesOf(manifest);
  for (const { graph, inputs, outputs } of cases) {
    const expected = shapes[graph];
    if (expected === undefined) refuse(where, `golden: there is no graph "${graph}"`);
    const tensors: Readonly<Record<string, { dims: readonly number[] }>> = { ...inputs, ...outputs };
    for (const [name, shape] of Object.entries(expected)) {
      const dims = tensors[name]?.dims;
      if (dims === undefined || !fits(dims, shape)) {
        refuse(where, `golden: "${name}" of ${graph} is [${dims ?? 'missing'}], the manifest says [${shape.map((dim) => dim ?? '*')}]`);
      }
    }
  }
}

/**
 * Runs the bundle's golden cases through `run` and compares every element within the manifest's tolerance. Throws BUNDLE_INVALID naming
 * the first element that is off.
 */
export async function runGolden(manifest: Manifest, cases: readonly GoldenCase[], run: Inference['run']): Promise<void> {
  for (const [index, { graph, inputs, outputs }] of cases.entries()) {
    const result = await run(graph, Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensor(tensor)])));
    for (const [name, expected] of Object.entries(outputs)) {
      compare(
        result.outputs[name],
        expected,
        manifest.golden.absoluteTolerance,
        `${manifest.name}: golden case ${index} (${graph}), "${name}"`,
      );
    }
  }
}

function compare(found: Tensors[string] | undefined, expected: GoldenCase['outputs'][string], tolerance: number, where: string): void {
  if (found === undefined || !fits(found.dims, expected.dims)) {
    throw new LabelstreamError('BUNDLE_INVALID', `${where} is [${found?.dims ?? 'missing'}] instead of [${expected.dims}]`);
  }
  for (const [at, value] of expected.data.entries()) {
    const other = Number(found.data[at]);
    // Written so that NaN fails, too.
    if (!(Math.abs(other - value) <= tolerance)) {
      throw new LabelstreamError('BUNDLE_INVALID', `${where}[${at}] is ${other} instead of ${value} (tolerance ${tolerance})`);
    }
  }
}

function toTensor({ type, dims, data }: GoldenCase['inputs'][string]): Tensor {
  if (type === 'int64') return { type, dims, data: BigInt64Array.from(data, BigInt) };
  if (type === 'uint8') return { type, dims, data: Uint8Array.from(data) };
  return { type, dims, data: Float32Array.from(data) };
}

function shapesOf(manifest: Manifest): Record<string, Record<string, Shape>> {
  if (manifest.kind === 'encoder') return encoderShapes(manifest);
  return manifest.kind === 'fusion' ? fusionShapes(manifest) : captionShapes(manifest);
}

function encoderShapes({ preprocess, tokenWidth, embeddingWidth, towers }: EncoderManifest): Record<string, Record<string, Shape>> {
  const embedding = [null, embeddingWidth];
  const width = tokenWidths(tokenWidth);
  return {
    image: {
      pixels: [null, preprocess.height, preprocess.width, preprocess.channels],
      tokens: [null, towers.image.tokenCount, width.image],
      embedding,
    },
    text: { input_ids: [null, null], attention_mask: [null, null], tokens: [null, null, width.text], embedding },
  };
}

function fusionShapes({ tokenWidth, embeddingWidth, tasks, graph }: FusionManifest): Record<string, Record<string, Shape>> {
  const width = tokenWidths(tokenWidth);
  return {
    fusion: {
      image_tokens: [null, null, width.image],
      image_mask: [null, null],
      text_tokens: [null, null, width.text],
      text_mask: [null, null],
      ...Object.fromEntries(tasks.map((task): [string, Shape] => [`logits_${task.name}`, [null, task.labels.length]])),
      modality_weights: [null, tasks.length, 2],
      embedding: [null, embeddingWidth],
      ...(graph.attention === undefined ? {} : { attention: [null, null, null, null] }),
    },
  };
}

function captionShapes({ imageTokenWidth, cache, vocabulary }: CaptionManifest): Record<string, Record<string, Shape>> {
  const { layers, crossLayers, heads, headWidth, queries } = cache;
  const cross = [null, crossLayers, heads, queries, headWidth];
  const kept = [null, layers, heads, null, headWidth];
  const crosses = { cross_keys: cross, cross_values: cross };
  return {
    prefix: { image_tokens: [null, null, imageTokenWidth], ...crosses },
    step: {
      token_ids: [null, 1],
      past_keys: kept,
      past_values: kept,
      ...crosses,
      logits: [null, vocabulary.length],
      present_keys: kept,
      present_values: kept,
    },
  };
}

function fits(dims: readonly number[], shape: Shape): boolean {
  return dims.length === shape.length && shape.every((dim, axis) => dim === null || dim === dims[axis]);
}
